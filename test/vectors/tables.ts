// The ciphers that go by tables, all in CBC mode; a source that has single blocks has an IV of zeros here.

export interface TableVector {
  readonly source: string;
  readonly cipher:
    | 'des'
    | '3des'
    | 'camellia-128'
    | 'camellia-192'
    | 'camellia-256'
    | 'blowfish'
    | 'twofish';
  readonly key: string;
  readonly iv: string;
  readonly plain: string;
  readonly sealed: string;
}

export const tableVectors: readonly TableVector[] = [
  {
    source: 'NESSIE, DES set 8, vector 0',
    cipher: 'des',
    key: '0001020304050607',
    iv: '0000000000000000',
    plain: '41ad068548809d02',
    sealed: '0011223344556677',
  },
  {
    source: 'NESSIE, DES set 8, vector 1',
    cipher: 'des',
    key: '2bd6459f82c5b300',
    iv: '0000000000000000',
    plain: 'b10f843097a0f932',
    sealed: 'ea024714ad5c4d84',
  },
  {
    source: 'NIST CAVS, TCBCMMT3.rsp, count 0',
    cipher: '3des',
    key: 'b5cb1504802326c73df186e3e352a20de643b0d63ee30e37',
    iv: '43f791134c5647ba',
    plain: 'dcc153cef81d6f24',
    sealed: '92538bd8af18d3ba',
  },
  {
    source: 'NIST CAVS, TCBCMMT3.rsp, count 4',
    cipher: '3des',
    key: 'ef6d3e54266d978ffb0b8ce6689d803e2cd34cc802fd0252',
    iv: '38bae5bce06d0ad9',
    plain: `c4f228b537223cd01c0debb5d9d4e12ba71656618d119b2f8f0af29d23efa3a9
      e43c4c458a1b79a0`,
    sealed: `9e3289fb18379f55aa4e45a7e0e6df160b33b75f8627ad0954f8fdcb78cee55a
      4664caeda1000fe5`,
  },
  {
    source: 'NIST CAVS, TCBCMMT3.rsp, count 9',
    cipher: '3des',
    key: '9b162a0df8ad9b61c88676e3d586434570b902f12a2046e0',
    iv: 'ebd6fefe029ad54b',
    plain: `f4c1c918e77355c8156f0fd778da52bff121ae5f2f44eaf4d2754946d0e10d1f
      18ce3a0176e69c18b7d20b6e0d0bee5eb5edfe4bd60e4d92adcd86bce72e76f9
      4ee5cbcaa8b01cfddcea2ade575e66ac`,
    sealed: `1ff3c8709f403a8eff291aedf50c010df5c5ff64a8b205f1fce68564798897a3
      90db16ee0d053856b75898009731da290fcc119dad987277aacef694872e880c
      4bb41471063fae05c89f25e4bd0cad6a`,
  },
  {
    source: "OpenSSL's evptests.txt, CBC-CAMELLIA128",
    cipher: 'camellia-128',
    key: '2b7e151628aed2a6abf7158809cf4f3c',
    iv: '000102030405060708090a0b0c0d0e0f',
    plain: `6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51
      30c81c46a35ce411e5fbc1191a0a52ef`,
    sealed: `1607cf494b36bbf00daeb0b503c831aba2f2cf671629ef7840c5a5dfb5074887
      0f06165008cf8b8b5a63586362543e54`,
  },
  {
    source: "OpenSSL's evptests.txt, CBC-CAMELLIA192",
    cipher: 'camellia-192',
    key: '8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b',
    iv: '000102030405060708090a0b0c0d0e0f',
    plain: `6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51
      30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710`,
    sealed: `2a4830ab5ac4a1a2405955fd2195cf935d5a869bd14ce54264f892a6dd2ec3d5
      37d359c3349836d884e310addf68c44901faaa930b4ab9916e9668e1428c6b08`,
  },
  {
    source: "OpenSSL's evptests.txt, CBC-CAMELLIA256",
    cipher: 'camellia-256',
    key: '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4',
    iv: '000102030405060708090a0b0c0d0e0f',
    plain: `6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51
      30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710`,
    sealed: `e6cfa35fc02b134a4d2c0b6737ac3eda36cbeb73bd504b4070b1b7de2b21eb50
      e31a6055297d96ca3330cdf1b1860a835d563f6d1cccf236051c0c5c1c58f28f`,
  },
  {
    source: 'NTT t_camellia.txt, 128 bits, key 1, plaintext 1',
    cipher: 'camellia-128',
    key: '00000000000000000000000000000000',
    iv: '00000000000000000000000000000000',
    plain: '80000000000000000000000000000000',
    sealed: '07923a39eb0a817d1c4d87bdb82d1f1c',
  },
  {
    source: 'NTT t_camellia.txt, 128 bits, key 10, plaintext 1',
    cipher: 'camellia-128',
    key: 'efcdab89674523011032547698badcfe',
    iv: '00000000000000000000000000000000',
    plain: '80000000000000000000000000000000',
    sealed: '03f92e647b50c5f2b5fa558e41eeb1ea',
  },
  {
    source: 'NTT t_camellia.txt, 192 bits, key 1, plaintext 1',
    cipher: 'camellia-192',
    key: '000000000000000000000000000000000000000000000000',
    iv: '00000000000000000000000000000000',
    plain: '80000000000000000000000000000000',
    sealed: '3eb6cc5618efc98455b5992050d474e7',
  },
  {
    source: 'NTT t_camellia.txt, 192 bits, key 10, plaintext 1',
    cipher: 'camellia-192',
    key: 'efcdab89674523011032547698badcfe1032547698badcfe',
    iv: '00000000000000000000000000000000',
    plain: '80000000000000000000000000000000',
    sealed: '1b6d3d823eecc0c29ecf09448670f6f5',
  },
  {
    source: 'NTT t_camellia.txt, 256 bits, key 1, plaintext 1',
    cipher: 'camellia-256',
    key: '0000000000000000000000000000000000000000000000000000000000000000',
    iv: '00000000000000000000000000000000',
    plain: '80000000000000000000000000000000',
    sealed: 'b0c6b88aea518ab09e847248e91b1b9d',
  },
  {
    source: 'NTT t_camellia.txt, 256 bits, key 10, plaintext 1',
    cipher: 'camellia-256',
    key: 'efcdab89674523011032547698badcfe1032547698badcfeefcdab8967452301',
    iv: '00000000000000000000000000000000',
    plain: '80000000000000000000000000000000',
    sealed: '1b6d3d823eecc0c29ecf09448670f6f5',
  },
  {
    source: "Schneier's vectors.txt, CBC",
    cipher: 'blowfish',
    key: '0123456789abcdeff0e1d2c3b4a59687',
    iv: 'fedcba9876543210',
    plain: '37363534333231204e6f77206973207468652074696d6520666f722000000000',
    sealed: '6b77b4d63006dee605b156e27403979358deb9e7154616d959f1652bd5ff92cc',
  },
  {
    source: "Schneier's vectors.txt, 64 bits of key (0)",
    cipher: 'blowfish',
    key: '0000000000000000',
    iv: '0000000000000000',
    plain: '0000000000000000',
    sealed: '4ef997456198dd78',
  },
  {
    source: "Schneier's vectors.txt, 64 bits of key (9)",
    cipher: 'blowfish',
    key: '0131d9619dc1376e',
    iv: '0000000000000000',
    plain: '5cd54ca83def57da',
    sealed: 'b1b8cc0b250f09a0',
  },
  {
    source: "Schneier's vectors.txt, 128 bits of key (49)",
    cipher: 'blowfish',
    key: 'f0e1d2c3b4a5968778695a4b3c2d1e0f',
    iv: '0000000000000000',
    plain: 'fedcba9876543210',
    sealed: '93142887ee3be15c',
  },
  {
    source: "Schneier's vectors.txt, 192 bits of key (57)",
    cipher: 'blowfish',
    key: 'f0e1d2c3b4a5968778695a4b3c2d1e0f0011223344556677',
    iv: '0000000000000000',
    plain: 'fedcba9876543210',
    sealed: '05044b62fa52d080',
  },
  {
    source: "Schneier's ecb_ival.txt, 128 bits, I=49",
    cipher: 'twofish',
    key: 'bca724a54533c6987e14aa827952f921',
    iv: '00000000000000000000000000000000',
    plain: '6b459286f3ffd28d49f15b1581b08e42',
    sealed: '5d9d4eeffa9151575524f115815a12e0',
  },
  {
    source: "Schneier's ecb_ival.txt, 192 bits, I=49",
    cipher: 'twofish',
    key: 'fb66522c332fcc4c042abe32fa9e902fdea4f3da75ec7a8e',
    iv: '00000000000000000000000000000000',
    plain: 'f0ab73301125fa21ef70be5385fb76b6',
    sealed: 'e75449212beef9f4a390bd860a640941',
  },
  {
    source: "Schneier's ecb_ival.txt, 256 bits, I=49",
    cipher: 'twofish',
    key: '248a7f3528b168acfdd1386e3f51e30c2e2158bc3e5fc714c1eeeca0ea696d48',
    iv: '00000000000000000000000000000000',
    plain: '431058f4dbc7f734da4f02f04cc4f459',
    sealed: '37fe26ff1cf66175f5ddf4c33b97a205',
  },
  {
    source: 'libgcrypt 1.10.1, 128 bits',
    cipher: 'twofish',
    key: 'ee8cdab2e57aa6d8f4bf4055bb3cbf55',
    iv: '341851820559658e259fc7cfd52ddc7f',
    plain: `223d9642498ddb9021c85e5d407a9dc71064cd41f9ddbffab156eb6a1d9f2974
      e8b0a36c214532cee2a91f42a644354a`,
    sealed: `cbd3004302c2073b1c3592a58ffb550ee75eb86c65fc35d466e1f9d8d3aa1516
      a43ccfe0fe90be98f86eb3b4b8ff37c3`,
  },
  {
    source: 'libgcrypt 1.10.1, 256 bits',
    cipher: 'twofish',
    key: 'e4530bbcb968fa26a732bf63e18d8e2a01e656b83f894fe087fbb6233e774714',
    iv: 'f56cab7cfca06f7bd8b390ac00097b33',
    plain: `0750d81da1fcfceb49cc05fbdd715a03d640ea0e935905cfdda4ed52ca762af4
      05d181ec28e27cdfec3639c216605234`,
    sealed: `e3c6b993238a3fde54aa756fabfb7282c76b22ace480ead43979f4879789e7c1
      3980add03a8e95685ae6abae5ca51307`,
  },
  {
    source: 'libgcrypt 1.10.1, 128 bits',
    cipher: 'blowfish',
    key: 'c1e08a6379ca48272d03635b165edbb1',
    iv: 'a20efcd520d90403',
    plain: `da95f2ba8bcf73de4079d21393170833256a440c2bef3157d170a8f706ad09fe
      0309ca3d68708c1ed78aa0428f8d70a8`,
    sealed: `8a5c814a8431566b73f80eb57efa0ea961baa758f463a6dba8781ed3a5c7381e
      e3df57032874031254e0061eb9eaf2c7`,
  },
  {
    source: 'libgcrypt 1.10.1, 192 bits',
    cipher: 'blowfish',
    key: '74cf4a26824b7960c1f3a05051bd2738bde23f8a48c97e07',
    iv: '7b9760aa363e3eec',
    plain: `5bd7981a130b7fe19f5cce61add77af8bee73ebc99db72f591c4acddb8929db8
      d27ac3b0c0cf01e3fdb216cc604ce101`,
    sealed: `76b7a60e84320b50507c2d01f70232269ceea82e1bd9f9873c7295647eacd1b1
      c421a1bebcf9445df456b09c8ee957df`,
  },
  {
    source: 'libgcrypt 1.10.1, 256 bits',
    cipher: 'blowfish',
    key: 'f590632f222b3df5585d0fd857f804574980feddfbe13be14ab9e1d1561b0895',
    iv: '3b553d9f3ae0a9ac',
    plain: `30e6980cbeb231533312d3178046cc0582dcd957a7316fff09b105c56c06dd7c
      e0a5d59a8a1e85e9e6742b808b04351f`,
    sealed: `4007faa7cb436473d179720615c09126a37622d4c69907cc4d172de7cb1fc997
      d1afb3f4b0991ea1be01c73a40b9c26a`,
  },
  {
    source: 'libgcrypt 1.10.1, 448 bits',
    cipher: 'blowfish',
    key: `c22f3c3db35a25dfb992792a99152a20d491118ba851dad5555f5acae5eb4487
      9011fcdfc1f69806f00e1cebabf7c20ca077dc01acf98908`,
    iv: 'fa57e5cbc9e60aec',
    plain: `c75bafcfa8b78bd08a545de3995cd22ea52a20967974e6aba3e2094dbecb837b
      6dcede4cce0493e9733dc8cb161d9ff4`,
    sealed: `85e397de384c6554f9a14ab71c6ee2b68b90e6e48db8acd052abbac0f48a454f
      a8f01ea5d2341d83909b4e60e959dcd3`,
  },
];
