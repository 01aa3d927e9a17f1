// The log: one line per event, levels, two formats, nothing secret.
// Shows log.level, log.format
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Log, type LogLevel, openLog } from '../../src/daemon/log.js';

const logging = suite('daemon log');

function capture(level: LogLevel, format: 'text' | 'json'): { log: Log; lines: string[] } {
  const lines: string[] = [];
  return { log: openLog({ level, format }, { write: (line) => lines.push(line) }), lines };
}

logging('text: time, level, topic, peer, sentence', () => {
  const { log, lines } = capture('info', 'text');
  log.write({ level: 'warning', topic: 'ike', peer: 'west', text: 'no answer', facts: { try: 2 } });
  log.info('system', 'ready');
  assert.match(
    lines[0]!,
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} warning ike\[west\] no answer\n$/,
  );
  assert.match(lines[1]!, /^[-\d]+ [:.\d]+ info system ready\n$/);
});

logging('json: one object, facts included', () => {
  const { log, lines } = capture('info', 'json');
  log.write({ level: 'error', topic: 'ike', peer: 'west', text: 'failed', facts: { spi: 7n } });
  const { time, ...rest } = JSON.parse(lines[0]!) as Record<string, unknown>;
  assert.match(time as string, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  const facts = { spi: '7' };
  assert.equal(rest, { level: 'error', topic: 'ike', peer: 'west', facts, text: 'failed' });
});

logging('levels', () => {
  const all: LogLevel[] = ['debug', 'info', 'warning', 'error'];
  all.forEach((least, at) => {
    const { log, lines } = capture(least, 'text');
    for (const level of all) log[level]('t', level);
    assert.is(lines.length, all.length - at, least);
  });
});

logging('debug shows the facts behind the sentence', () => {
  const { log, lines } = capture('debug', 'text');
  log.debug('ike', 'received', { exchange: 'IKE_AUTH', id: 1 });
  assert.ok(lines[0]!.endsWith('received {"exchange":"IKE_AUTH","id":1}\n'), lines[0]);
});

logging('secrets are hidden, however deep; bytes are only counted', () => {
  for (const format of ['text', 'json'] as const) {
    const { log, lines } = capture('debug', format);
    const secrets = { secret: 'S3CR3T', psk: 'S3CR3T', skeyseed: 'S3CR3T', SK_ei: 'S3CR3T' };
    log.debug('ike', 'keys', {
      ...secrets,
      encryptionKey: 'S3CR3T',
      inbound: { keys: ['S3CR3T'], list: [{ password: 'S3CR3T' }] },
      nonce: new TextEncoder().encode('S3CR3T'),
      buffer: Buffer.from('S3CR3T'),
    });
    assert.not.match(lines[0]!, 'S3CR3T');
    assert.not.match(lines[0]!, '83,51');
    assert.match(lines[0]!, '[hidden]');
    assert.match(lines[0]!, '6 bytes');
  }
});

logging('a peer cannot write a line of its own', () => {
  const { log, lines } = capture('info', 'text');
  const evil = 'x\n2026-01-01 00:00:00.000 info system all is well\u001b[2J\u2028';
  log.write({ level: 'info', topic: 'ike', peer: evil, text: evil, facts: { id: evil } });
  assert.is(lines.length, 1);
  assert.is(lines[0]!.indexOf('\n'), lines[0]!.length - 1);
  assert.not.match(lines[0]!, '\u001b');
});

logging.run();
