import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { describe, describeSuite, explainMismatch } from '../../src/algorithms/describe.js';
import {
  type EspNames,
  espProposals,
  espSuite,
  type IkeNames,
  ikeProposals,
  ikeSuite,
  isSelectionOf,
  selectProposal,
} from '../../src/algorithms/proposals.js';
import type { TransformProposal } from '../../src/algorithms/transform.js';

const proposals = suite('proposals');
const ike = (encAlgorithm: string[], hashAlgorithm: string[], dhGroup: string[]): IkeNames => ({
  encAlgorithm,
  hashAlgorithm,
  dhGroup,
});
const esp = (encAlgorithms: string[], authAlgorithms: string[], more?: Partial<EspNames>) => ({
  encAlgorithms,
  authAlgorithms,
  pfsGroup: undefined,
  esn: 'no' as const,
  ...more,
});
const chosenOf = (ours: TransformProposal[], theirs: TransformProposal[]): string | undefined => {
  const selection = selectProposal(ours, theirs);
  if (!selection) return undefined;
  const answer = { protocol: ours[0]!.protocol, transforms: selection.transforms };
  assert.ok(isSelectionOf(theirs, answer), 'the answer is a part of the offer');
  const rows = answer.protocol === 1 ? ikeSuite(answer.transforms) : espSuite(answer.transforms);
  return rows && describeSuite(rows);
};

proposals('an AEAD and a block cipher never share a proposal', () => {
  const made = ikeProposals(ike(['aes-256', 'aes-128-gcm'], ['sha256'], ['ecp256']));
  assert.is(describe(made), 'aes-256-cbc/sha256/ecp256 ; aes-128-gcm/sha256/ecp256');
});

proposals('the responder chooses by its own order', () => {
  const ours = ikeProposals(ike(['aes-128-gcm', 'aes-256'], ['sha256'], ['ecp256', 'modp2048']));
  const theirs = ikeProposals(ike(['aes-256', 'aes-128-gcm'], ['sha1', 'sha256'], ['modp2048']));
  assert.is(chosenOf(ours, theirs), 'aes-128-gcm/sha256/modp2048');
});

proposals('also among proposals that the initiator lists apart, weakest first', () => {
  const ours = ikeProposals(ike(['aes-256', 'aes-128', '3des'], ['sha256', 'sha1'], ['modp2048']));
  const theirs = ['3des', 'aes-128', 'aes-256'].flatMap((cipher) =>
    ['sha1', 'sha256'].flatMap((hash) => ikeProposals(ike([cipher], [hash], ['modp2048']))),
  );
  assert.is(chosenOf(ours, theirs), 'aes-256-cbc/sha256/modp2048');
});

proposals('nothing in common is explained by type, with both sides and the property', () => {
  const ours = ikeProposals(ike(['aes-128'], ['sha256'], ['modp2048', 'ecp256']));
  const theirs = ikeProposals(ike(['aes-128'], ['sha256'], ['modp1024']));
  assert.is(selectProposal(ours, theirs), undefined);
  const text =
    'no common key exchange group: peer offers modp1024; we allow modp2048, ecp256 (dh-group)';
  assert.is(explainMismatch(ours, theirs), text);
});

proposals('a key length is part of the algorithm', () => {
  const ours = espProposals(esp(['aes-256-gcm'], []), []);
  const theirs = espProposals(esp(['aes-128-gcm'], []), []);
  assert.is(chosenOf(ours, theirs), undefined);
});

proposals('esn: yes meets no and require, no and require do not meet', () => {
  const of = (esn: EspNames['esn']) => espProposals(esp(['aes-128-gcm'], [], { esn }), []);
  assert.is(chosenOf(of('yes'), of('no')), 'aes-128-gcm');
  assert.is(chosenOf(of('yes'), of('require')), 'aes-128-gcm/esn');
  assert.is(chosenOf(of('no'), of('require')), undefined);
});

proposals('a group is agreed where both have it; none meets absent', () => {
  const names = esp(['aes-128-cbc'], ['sha256']);
  const absent = espProposals(names, []);
  const ours = espProposals(names, [undefined, 'modp2048']);
  assert.is(chosenOf(ours, absent), 'aes-128-cbc/sha256');
  assert.is(chosenOf(ours, espProposals(names, ['modp2048'])), 'aes-128-cbc/sha256/modp2048');
  assert.is(chosenOf(espProposals(names, ['modp2048']), absent), undefined);
});

proposals('neither encryption nor integrity is no ESP suite', () => {
  const none = espProposals(esp(['null'], ['null']), []);
  assert.is(espSuite(selectProposal(none, none)!.transforms), undefined);
});

proposals('an answer with two transforms of a type, or one not offered, is none', () => {
  const offer = espProposals(esp(['aes-128-gcm', 'aes-256-gcm'], []), []);
  assert.not.ok(isSelectionOf(offer, offer[0]!));
  assert.not.ok(isSelectionOf(offer, espProposals(esp(['aes-192-gcm'], []), [])[0]!));
});

proposals.run();
