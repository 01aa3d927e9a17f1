// MS-CHAPv2: one exchange with all its intermediate values, and the keys that follow from it.
export const source = 'RFC 2759 §9.2; RFC 3079 §3.5.3 (128-bit keys)';

export const vector = {
  name: 'User',
  password: 'clientPass',
  authenticatorChallenge: '5b5d7c7d7b3f2f3e3c2c602132262628',
  peerChallenge: '21402324255e262a28295f2b3a337c7e',
  challenge: 'd02e4386bce91226',
  passwordHash: '44ebba8d5312b8d611474411f56989ae',
  ntResponse: '82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df',
  passwordHashHash: '41c00c584bd2d91c4017a2a12fa59f3f',
  authenticatorResponse: 'S=407A5589115FD0D6209F510FE9C04566932CDA56',
  /** The server's, which is the client's to receive. */
  sendStartKey128: '8b7cdc149b993a1ba118cb153f56dccb',
};

/** RFC 1320 appendix A.5. */
export const md4: readonly (readonly [string, string])[] = [
  ['', '31d6cfe0d16ae931b73c59d7e0c089c0'],
  ['a', 'bde52cb31de33e46245e05fbdbd6fb24'],
  ['abc', 'a448017aaf21d8525fc10ae87aa6729d'],
  ['message digest', 'd9130a8164549fe818874806e1c7014b'],
  ['abcdefghijklmnopqrstuvwxyz', 'd79e1c308aa5bbcdeea8ed63df412da9'],
  [
    'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789',
    '043f8582f241db351ce627e153e7f0e4',
  ],
  [
    '12345678901234567890123456789012345678901234567890123456789012345678901234567890',
    'e33b4ddc9c38f2199c3e7b164fcc0536',
  ],
];
