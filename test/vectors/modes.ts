// AES in counter mode and in CCM, each with its source.

export interface CtrVector {
  readonly source: string;
  readonly key: string;
  readonly nonce: string;
  readonly iv: string;
  readonly plain: string;
  readonly sealed: string;
}

const counting = (count: number): string =>
  Buffer.from(Array.from({ length: count }, (_, i) => i)).toString('hex');

function ctr(
  test: number,
  key: string,
  nonce: string,
  iv: string,
  plain: string,
  sealed: string,
): CtrVector {
  return { source: `RFC 3686 §6, test vector ${test}`, key, nonce, iv, plain, sealed };
}

const SINGLE_BLOCK = Buffer.from('Single block msg', 'ascii').toString('hex');

export const ctrVectors: readonly CtrVector[] = [
  ctr(
    1,
    'ae6852f8121067cc4bf7a5765577f39e',
    '00000030',
    '0000000000000000',
    SINGLE_BLOCK,
    'e4095d4fb7a7b3792d6175a3261311b8',
  ),
  ctr(
    2,
    '7e24067817fae0d743d6ce1f32539163',
    '006cb6db',
    'c0543b59da48d90b',
    counting(32),
    '5104a106168a72d9790d41ee8edad388eb2e1efc46da57c8fce630df9141be28',
  ),
  ctr(
    3,
    '7691be035e5020a8ac6e618529f9a0dc',
    '00e0017b',
    '27777f3f4a1786f0',
    counting(36),
    'c1cf48a89f2ffdd9cf4652e9efdb72d74540a42bde6d7836d59a5ceaaef3105325b2072f',
  ),
  ctr(
    4,
    '16af5b145fc9f579c175f93e3bfb0eed863d06ccfdb78515',
    '00000048',
    '36733c147d6d93cb',
    SINGLE_BLOCK,
    '4b55384fe259c9c84e7935a003cbe928',
  ),
  ctr(
    7,
    '776beff2851db06f4c8a0542c8696f6c6a81af1eec96b4d37fc1d689e6c1c104',
    '00000060',
    'db5672c97aa8f0b2',
    SINGLE_BLOCK,
    '145ad01dbf824ec7560863dc71e3e0c0',
  ),
  ctr(
    8,
    'f6d66d6bd52d59bb0796365879eff886c66dd51a5b6a99744b50590c87a23884',
    '00faac24',
    'c1585ef15a43d875',
    counting(32),
    'f05e231b3894612c49ee000b804eb2a9b8306b508f839d6a5530831d9344af1c',
  ),
];

export interface CcmVector {
  readonly encryption: string;
  readonly key: string;
  readonly salt: string;
  readonly iv: string;
  readonly aad: string;
  readonly plain: string;
  readonly sealed: string;
  readonly tag: string;
}

/**
 * NIST's CAVS files as Linux (crypto/testmgr.h) and strongSwan (test_vectors/aes_ccm.c) keep them:
 * neither RFC 3610 nor SP 800-38C has a nonce of eleven bytes.
 */
export const ccmVectors: readonly CcmVector[] = [
  {
    encryption: 'aes-128-ccm',
    key: '1e2c7e01419aefc00d58966e5ca24bd3',
    salt: '4fa319',
    iv: 'd3015ad830601556',
    aad: 'dae6289c452dfd635eda4cb6e6fcf9b70c56cbe4e0057ae10a630978bc2c55de',
    plain: '87a336fd96b39378a92863ba12a31485571e06c97b21ef767f387e8e29a43e7e',
    sealed: '8a1e11f0026be219fc70c46d8eb799abc54ba2acd3f348ff3bb5ce53efdebb02',
    tag: 'a986156c13feda0a22b8293dd8399a23',
  },
  {
    encryption: 'aes-192-ccm',
    key: '56df5c8f263f0e42ef7ad3cefc846062cab440af5fc9c901',
    salt: 'd63c8c',
    iv: '8684b6cdef092e94',
    aad: '0265783ce9213091b1b9da769a786d95f28832a3f250cb4ce300736984698779',
    plain: '9fd2024b5249313c43693a2d8e70ad7ee0e54609808913b28c8bd93f86fbb56b',
    sealed: '39df7c3c5a29b9625d51c216d8bd069f9b6a0970c15183c266881d4f9adae01e',
    tag: 'c7791158e56b20407aea46428be46fe1',
  },
  {
    encryption: 'aes-256-ccm-8',
    key: 'e08d997160d7971abd0199d58adf713ad3df244b5e3d4b4e307ab9d8530a5e2b',
    salt: '1e2991',
    iv: 'ad8ec1530acf2dbe',
    aad: '19b61f57c4f3f08b782b9402290f42276b75cb9834087e79e43e490d848b2287',
    plain: 'e1d9d813eb3a753f9dbd5f66bedcbb66bf1799624a39271f1ddc24ae192f984c',
    sealed: '19b86133452b43966f51d020307d9bc6263df8c96516a89ff0621734f21e8d75',
    tag: '4e13ccc0c32a542d',
  },
  {
    encryption: 'aes-256-ccm-12',
    key: '7cc8183b8d99e07c4541b8bd5ca7c2328ab80259a4fea92c09759a9b3c9b2739',
    salt: 'f9d94e',
    iv: '63b53d9d43f61e50',
    aad: '57f56b8b575c3d3b1302010c834c96358ed639cf7d149b94b03936e68f57e013',
    plain: '3b6c2936b6ef07a68372074fcffa66895fcab1bad58f2c2730db750993d465e4',
    sealed: 'b0885a33aae5c71d8523c7c62ff41e3dcc63442507784f9e96b888ebbc481f06',
    tag: '39af39acd84a80397b728af7',
  },
];
