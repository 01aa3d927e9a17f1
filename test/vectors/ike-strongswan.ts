// A whole IKEv2 session between two strongSwan 5.9.8 (Debian 12), recorded for this test.
// source: two charons in two network namespaces on 23 November 2026; messages from tcpdump on the veth
// between them, keys from charon.log at level ike = 4. 192.0.2.1 (wire-a.example) initiates to 192.0.2.2
// (wire-b.example) with the shared key "lab-secret" and proposes aes128gcm16-prfsha256-ecp256, then
// aes256-sha256-modp2048. A child, its rekey without PFS, its delete, two notifications, the end.
export interface RecordedMessage {
  readonly story: string;
  readonly from: 'initiator' | 'responder';
  readonly port: number;
  readonly bytes: Uint8Array;
}

const hex = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/[0-9a-f]{2}/g) ?? [], (byte) => Number.parseInt(byte, 16));

export const preSharedKey = 'lab-secret';

/** skEi and skEr are the AES-GCM key and its four-byte salt. */
export const keys = {
  sharedSecret: hex('d28151484772d463596e609deb263306901cabb54ee5db1bdc4fa07ab26cd8ca'),
  skeyseed: hex('fee7a2159dd6828cb435ad6035f04cad666add33573e1b709695c74c48cbd2e9'),
  skD: hex('1ff05169d4312a1ddfc0c214640b079b20ec8e7214b90c70c8b78492c96cea2f'),
  skEi: hex('854fda71c71be3b30fada75530954abae9586e76'),
  skEr: hex('81730e727a83d7147e763c08d8f9ebcd513faeb3'),
  skPi: hex('c022e93fee4de0ec341076a89375775616679bc635fa06e25c18f444c7e89dc3'),
  skPr: hex('f7e71c0ed7ec8f0d00032ab856b9e79384c97fead7c8669f5cb2ee1ac856a129'),
};

export const messages: readonly RecordedMessage[] = [
  {
    story: 'IKE_SA_INIT request',
    from: 'initiator',
    port: 500,
    bytes: hex(`
  a790eae575a106e900000000000000002120220800000000000001482200005402000024010100030300000c
  01000014800e0080030000080200000500000008040000130000002c020100040300000c0100000c800e0100
  030000080300000c0300000802000005000000080400000e2800004800130000a0044a36ed5b8581bee7ebc7
  2a92c3a74d23a20ad093e23648f5cc7e8c127efbb64c0f37f8d41cf2d8e1d8303171d1b409b1f1ec816935af
  6de54476497f7d0f29000024f68572f98a531d96007534c4987678d899ba898dd33d23463082872bfea9a43b
  2900001c000040040cf2ea6ee55a41c044ea369bbeac43219fb9de992900001c0000400599612718526924d8
  3b06b240f95b914c11c8805c290000080000402e290000100000402f00020003000400052b00000800004016
  00000014882fe56d6fd20dbc2251613b2ebe5beb`),
  },
  {
    story: 'IKE_SA_INIT response',
    from: 'responder',
    port: 500,
    bytes: hex(`
  a790eae575a106e9bc214bceeb50120d2120222000000000000001242200002800000024010100030300000c
  01000014800e008003000008020000050000000804000013280000480013000037f74399cf5c52eca6ae2018
  5c24085f57cc88dd0a31448d3705e9bd0c658fa5da187d882c95fd92e17dd94da978dc968d8a650d998c215f
  87ff12dc9f43ddae29000024746a653123f145696aaae6e1544cb7ff87407648d9f515ea737f940650172631
  2900001c000040048b0a96da44a6422c51d628d9084adbf12335e6d02900001c0000400565542cc8ec0f41f5
  df4a039c4fa77a43ef8de581290000080000402e290000100000402f00020003000400052900000800004022
  2b0000080000401400000014882fe56d6fd20dbc2251613b2ebe5beb`),
  },
  {
    story: 'IKE_AUTH request',
    from: 'initiator',
    port: 4500,
    bytes: hex(`
  a790eae575a106e9bc214bceeb50120d2e20230800000001000001892300016dee55118fde20987aabfb0ca0
  23b88e655e2083c5762a24165fa5220900cdd3c70961c7bcde4e53600e62e91b5728fd95c61edf74ac38d149
  05fa2580121d540678580a3647fa1bafb6dc615e02f2aecad02b0c73de81fb9ea8e8766037a01f0951117404
  8ad830ff3c0564354f6a0fc12e1b89e9ad63d6eb0a56b38875be6d099235821328f3e348ee9a15932719e320
  c8f3fe54dd097fe74119b57d26bfed767a24d4b447415a303fd2a2d9fc4c70ad34eea6e901ebdb0f26c5f270
  3219803327210fa3d70bbf4789453c44be7e698744568613b2e00eb7a859a74bfb3c1741031688de267e0661
  c7d54bf104cc4bbcdfb48a88e6ed68cb5184b1b8c31bfb90ad8b1d88a6c7f656b44fd10f65dfe7fb854b107f
  324d80ebf9cb066ee143f0cc8c2f114fcc32ce4f14b028dc69b27d08c3cb715d7df690fff5951875b37ca310
  1cd1804872ace152f80357f1fb2d991061f5a3c71f554bdd375295f41f1daa47c186015fb9c950637a`),
  },
  {
    story: 'IKE_AUTH response',
    from: 'responder',
    port: 4500,
    bytes: hex(`
  a790eae575a106e9bc214bceeb50120d2e20232000000001000000db240000bf677debf5d1f4615fae89d91a
  cf215a85bbe1c82ab07f8a9592ba13fc4d1b4806430648505a5a6ce02ac190f7583620ab1b1085aa28976afc
  d4929a4f8b94aa3b53eedf4e3e6127eff22ba9a934f8d8a0e1388b10cd1afef2374572118a3fe0a891fbac3b
  de6483d42f273614912c2672fd2faf9ab734ff23d2991c173fc93e3ef7b4564898bfe9f4982fa32d98e6f118
  01c38b2fd9afcd5f0935f9301f30605f26a82f2fcbea59231df7343844e4cd94e7372d9895891ae008e0d0`),
  },
  {
    story: 'CREATE_CHILD_SA request',
    from: 'initiator',
    port: 4500,
    bytes: hex(`
  a790eae575a106e9bc214bceeb50120d2e202408000000020000013529000119ee55118cde20987a30fcc94d
  af68ca44df81e4b1de9d505b7be18dd3641db6a293a832fe5972cd7e09a29489fbc59d9fa89116829426cf41
  87ed114a0787237ea0ede8014175aca0f9b2372fb5888acad471bfe325e9b2cebd11882b984f1b4b91a32618
  c4fa4d16ebbfdf96d11c83b4e2f7b13d2334218e106c8904c8d76e536094ca9c582e2258c82c8b5828a7fafc
  31ab87ecfa4f5e9c03037c8d184bd67f46dbea75e135628f6ed2f6f6b21255b78cf474e2bd0070a3438781ae
  9bdfec16fd3aadba6ee7e4f8671e40daf0250a94c17f67b8bc6ce29a1f38afa288b48ef76f57097b09f2cc12
  cc8998ea6c7b21c64244c94efae90d92bf70094b33216948996d4b32333d625b0879132a82b562b0300c6e74
  63`),
  },
  {
    story: 'CREATE_CHILD_SA response',
    from: 'responder',
    port: 4500,
    bytes: hex(`
  a790eae575a106e9bc214bceeb50120d2e20242000000002000000b121000095677debf6d1f4615f51d48c22
  7add168a0444c72b64dd294f4b9e548ab247fedb24f089efdb1fec9d0bf01484629fb8bc130eaa37d613efb0
  396daddc05b84726882e10161425567ea736ff30fa814a2e65970e4674911bafc5e6a7b3602f4cde699cdc78
  15f1338c96a3192dfa8ff2d4a7f11815c3a407f4bbdedfbacf661116995e9fbe8db673d56f21be8e6773f93e
  94`),
  },
  {
    story: 'INFORMATIONAL request, delete of the old child',
    from: 'initiator',
    port: 4500,
    bytes: hex(`
  a790eae575a106e9bc214bceeb50120d2e20250800000003000000452a000029ee55118dde20987a728f2a07
  151f9a38de9bc8fdeaf862271dcef75033e3d85437a75c1e9b`),
  },
  {
    story: 'INFORMATIONAL response',
    from: 'responder',
    port: 4500,
    bytes: hex(`
  a790eae575a106e9bc214bceeb50120d2e20252000000003000000452a000029677debf7d1f4615f6da514b0
  812a03b5be3a59d8fb7c727f5d77a6ed617adc7f78969bb6e8`),
  },
  {
    story: 'INFORMATIONAL request',
    from: 'initiator',
    port: 4500,
    bytes: hex(`
  a790eae575a106e9bc214bceeb50120d2e202508000000040000004129000025ee55118ade20987aef758231
  cd292ad6f9d004cdf89507976ecfaafd18a1bbc1f8`),
  },
  {
    story: 'INFORMATIONAL response',
    from: 'responder',
    port: 4500,
    bytes: hex(`
  a790eae575a106e9bc214bceeb50120d2e20252000000004000000390000001d677debf0d1f4615feb1fe924
  5673196da561eb87cf08c9e361`),
  },
  {
    story: 'INFORMATIONAL request of the responder',
    from: 'responder',
    port: 4500,
    bytes: hex(`
  a790eae575a106e9bc214bceeb50120d2e202500000000000000004129000025e77debf4d1f4615fc49386b0
  7739f3ef65f468dc5a7c8934d0ab70286a6f203900`),
  },
  {
    story: 'INFORMATIONAL response of the initiator',
    from: 'initiator',
    port: 4500,
    bytes: hex(`
  a790eae575a106e9bc214bceeb50120d2e20252800000000000000390000001d6e55118ede20987ab982c84a
  7999530a42278bda64c44b5736`),
  },
  {
    story: 'INFORMATIONAL request, delete of the IKE SA',
    from: 'initiator',
    port: 4500,
    bytes: hex(`
  a790eae575a106e9bc214bceeb50120d2e20250800000005000000412a000025ee55118bde20987a5d1a3c82
  921daf9844297fcb2829806fd56d82a0c9d5e2252e`),
  },
  {
    story: 'INFORMATIONAL response',
    from: 'responder',
    port: 4500,
    bytes: hex(`
  a790eae575a106e9bc214bceeb50120d2e20252000000005000000390000001d677debf1d1f4615fdd19c4af
  8e639aa30a17ae0ad245158bd2`),
  },
];
