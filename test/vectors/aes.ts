// AES: single blocks, CBC and GCM, each with its source.

export const blocks = [
  {
    source: 'FIPS 197 appendix C.1',
    key: '000102030405060708090a0b0c0d0e0f',
    plain: '00112233445566778899aabbccddeeff',
    sealed: '69c4e0d86a7b0430d8cdb78070b4c55a',
  },
  {
    source: 'FIPS 197 appendix C.2',
    key: '000102030405060708090a0b0c0d0e0f1011121314151617',
    plain: '00112233445566778899aabbccddeeff',
    sealed: 'dda97ca4864cdfe06eaf70a0ec0d7191',
  },
  {
    source: 'FIPS 197 appendix C.3',
    key: '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
    plain: '00112233445566778899aabbccddeeff',
    sealed: '8ea2b7ca516745bfeafc49904b496089',
  },
] as const;

export const cbc = [
  {
    source: 'NIST SP 800-38A F.2.1, CBC-AES128',
    key: '2b7e151628aed2a6abf7158809cf4f3c',
    iv: '000102030405060708090a0b0c0d0e0f',
    plain: `6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51
      30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710`,
    sealed: `7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2
      73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7`,
  },
  {
    source: 'NIST SP 800-38A F.2.5, CBC-AES256',
    key: '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4',
    iv: '000102030405060708090a0b0c0d0e0f',
    plain: `6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51
      30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710`,
    sealed: `f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d
      39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b`,
  },
  {
    source: 'RFC 3602 §4, case 1',
    key: '06a9214036b8a15b512e03d534120006',
    iv: '3dafba429d9eb430b422da802c9fac41',
    plain: '53696e676c6520626c6f636b206d7367',
    sealed: 'e353779c1079aeb82708942dbe77181a',
  },
] as const;

export const gcm = [
  {
    source: 'McGrew, Viega, "The Galois/Counter Mode of Operation", test case 2',
    key: '00000000000000000000000000000000',
    nonce: '000000000000000000000000',
    aad: '',
    plain: '00000000000000000000000000000000',
    sealed: '0388dace60b6a392f328c2b971b2fe78',
    tag: 'ab6e47d42cec13bdf53a67b21257bddf',
  },
  {
    source: 'McGrew, Viega, test case 4',
    key: 'feffe9928665731c6d6a8f9467308308',
    nonce: 'cafebabefacedbaddecaf888',
    aad: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
    plain: `d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72
      1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39`,
    sealed: `42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e
      21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091`,
    tag: '5bc94fbc3221a5db94fae95ae7121a47',
  },
  {
    source: 'McGrew, Viega, test case 16',
    key: 'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308',
    nonce: 'cafebabefacedbaddecaf888',
    aad: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
    plain: `d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72
      1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39`,
    sealed: `522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa
      8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662`,
    tag: '76fc6ece0f4e1768cddf8853bb2d551b',
  },
] as const;
