// HMAC over MD5, SHA-1, SHA-256, SHA-384, SHA-512. A digest shorter than the hash is a truncated one.
export interface HmacVector {
  readonly source: string;
  readonly hash: 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512';
  readonly key: string;
  readonly data: string;
  readonly digest: string;
}

const ascii = (text: string): string => Buffer.from(text, 'ascii').toString('hex');
const times = (byte: string, count: number): string => byte.repeat(count);
/** The bytes 1, 2, … count. */
const counting = (count: number): string =>
  Buffer.from(Array.from({ length: count }, (_, i) => i + 1)).toString('hex');

const HI = ascii('Hi There');
const WANT = ascii('what do ya want for nothing?');
const LARGE_KEY = ascii('Test Using Larger Than Block-Size Key - Hash Key First');
const LARGE_BOTH = ascii(
  'This is a test using a larger than block-size key and a larger than block-size data. ' +
    'The key needs to be hashed before being used by the HMAC algorithm.',
);

type Row = readonly [source: string, key: string, data: string, digest: string];
const rows = (hash: HmacVector['hash'], all: readonly Row[]): HmacVector[] =>
  all.map(([source, key, data, digest]) => ({ source, hash, key, data, digest }));

export const vectors: readonly HmacVector[] = [
  ...rows('md5', [
    ['RFC 2202 §2 case 1', times('0b', 16), HI, '9294727a3638bb1c13f48ef8158bfc9d'],
    ['RFC 2202 §2 case 2', ascii('Jefe'), WANT, '750c783e6ab0b503eaa86e310a5db738'],
    ['RFC 2202 §2 case 3', times('aa', 16), times('dd', 50), '56be34521d144c88dbb8c733f0e8b3f6'],
    ['RFC 2202 §2 case 4', counting(25), times('cd', 50), '697eaf0aca3a3aea3a75164746ffaa79'],
    [
      'RFC 2202 §2 case 5 (96 bits)',
      times('0c', 16),
      ascii('Test With Truncation'),
      '56461ef2342edc00f9bab995',
    ],
    ['RFC 2202 §2 case 6', times('aa', 80), LARGE_KEY, '6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd'],
    [
      'RFC 2202 §2 case 7',
      times('aa', 80),
      ascii('Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data'),
      '6f630fad67cda0ee1fb1f562db3aa53e',
    ],
  ]),
  ...rows('sha1', [
    ['RFC 2202 §3 case 1', times('0b', 20), HI, 'b617318655057264e28bc0b6fb378c8ef146be00'],
    ['RFC 2202 §3 case 2', ascii('Jefe'), WANT, 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79'],
    [
      'RFC 2202 §3 case 3',
      times('aa', 20),
      times('dd', 50),
      '125d7342b9ac11cd91a39af48aa17b4f63f175d3',
    ],
    [
      'RFC 2202 §3 case 4',
      counting(25),
      times('cd', 50),
      '4c9007f4026250c6bc8414f9bf50c86c2d7235da',
    ],
    [
      'RFC 2202 §3 case 5 (96 bits)',
      times('0c', 20),
      ascii('Test With Truncation'),
      '4c1a03424b55e07fe7f27be1',
    ],
    ['RFC 2202 §3 case 6', times('aa', 80), LARGE_KEY, 'aa4ae5e15272d00e95705637ce8a3b55ed402112'],
    [
      'RFC 2202 §3 case 7',
      times('aa', 80),
      ascii('Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data'),
      'e8e99d0f45237d786d6bbaa7965c7808bbff1a91',
    ],
  ]),
  ...rows('sha256', [
    [
      'RFC 4231 §4.2',
      times('0b', 20),
      HI,
      'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    ],
    [
      'RFC 4231 §4.3',
      ascii('Jefe'),
      WANT,
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
    [
      'RFC 4231 §4.4',
      times('aa', 20),
      times('dd', 50),
      '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe',
    ],
    [
      'RFC 4231 §4.5',
      counting(25),
      times('cd', 50),
      '82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b',
    ],
    [
      'RFC 4231 §4.6 (128 bits)',
      times('0c', 20),
      ascii('Test With Truncation'),
      'a3b6167473100ee06e0c796c2955552b',
    ],
    [
      'RFC 4231 §4.7',
      times('aa', 131),
      LARGE_KEY,
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    ],
    [
      'RFC 4231 §4.8',
      times('aa', 131),
      LARGE_BOTH,
      '9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2',
    ],
    ['RFC 4868 §2.7.2.1 AUTH256-1', times('0b', 32), HI, '198a607eb44bfbc69903a0f1cf2bbdc5'],
    [
      'RFC 4868 §2.7.2.1 AUTH256-2',
      times(ascii('Jefe'), 8),
      WANT,
      '167f928588c5cc2eef8e3093caa0e87c',
    ],
    [
      'RFC 4868 §2.7.2.1 AUTH256-3',
      times('aa', 32),
      times('dd', 50),
      'cdcb1220d1ecccea91e53aba3092f962',
    ],
    [
      'RFC 4868 §2.7.2.1 AUTH256-4',
      counting(32),
      times('cd', 50),
      '372efcf9b40b35c2115b1346903d2ef4',
    ],
  ]),
  ...rows('sha384', [
    [
      'RFC 4231 §4.2',
      times('0b', 20),
      HI,
      'afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6',
    ],
    [
      'RFC 4231 §4.3',
      ascii('Jefe'),
      WANT,
      'af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649',
    ],
    [
      'RFC 4231 §4.4',
      times('aa', 20),
      times('dd', 50),
      '88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b2a5ab39dc13814b94e3ab6e101a34f27',
    ],
    [
      'RFC 4231 §4.7',
      times('aa', 131),
      LARGE_KEY,
      '4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952',
    ],
    [
      'RFC 4868 §2.7.2.2 AUTH384-1',
      times('0b', 48),
      HI,
      'b6a8d5636f5c6a7224f9977dcf7ee6c7fb6d0c48cbdee973',
    ],
  ]),
  ...rows('sha512', [
    [
      'RFC 4231 §4.2',
      times('0b', 20),
      HI,
      `87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde
       daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854`,
    ],
    [
      'RFC 4231 §4.3',
      ascii('Jefe'),
      WANT,
      `164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554
       9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737`,
    ],
    [
      'RFC 4231 §4.4',
      times('aa', 20),
      times('dd', 50),
      `fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39
       bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb`,
    ],
    [
      'RFC 4231 §4.7',
      times('aa', 131),
      LARGE_KEY,
      `80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352
       6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598`,
    ],
    [
      'RFC 4868 §2.7.2.3 AUTH512-1',
      times('0b', 64),
      HI,
      '637edc6e01dce7e6742a99451aae82df23da3e92439e590e43e761b33e910fb8',
    ],
  ]),
];

/** The hashes themselves: a million times the letter a. */
export const millionA = [
  { hash: 'sha1', digest: '34aa973cd4c4daa4f61eeb2bdbad27316534016f' },
  {
    hash: 'sha256',
    digest: 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
  },
  {
    hash: 'sha384',
    digest: `9d0e1809716474cb086e834e310a4a1ced149e9c00f248527972cec5704c2a5b
      07b8b3dc38ecc4ebae97ddd87f3d8985`,
  },
  {
    hash: 'sha512',
    digest: `e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb
      de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b`,
  },
].map((row) => ({ source: 'FIPS 180 example, one million a', ...row }));
