// For the help of each menu: what an entry looks like. Each is tried by test/cli/menu.test.ts.

/** Behind `culvert MENU add` (of one object: `set`). */
export const EXAMPLES: Readonly<Record<string, string>> = {
  peer: 'name=west address=192.0.2.1 passive=yes',
  identity: 'peer=west secret=0x6f1d8e0a5b7c42d39a1e4f608b2c7d5e remote-id=fqdn:west.example',
  profile: 'name=strong dh-group=x25519 enc-algorithm=aes-256-gcm hash-algorithm=sha512',
  proposal: 'name=fast enc-algorithms=chacha20poly1305 pfs-group=x25519 lifetime=1h',
  policy: 'src-address=10.0.0.0/24 dst-address=10.1.0.0/24 peer=west',
  group: 'name=road-warriors',
  'mode-config': 'name=office responder=yes address-pool=vpn split-include=10.0.0.0/24',
  key: 'name=ours file=/etc/culvert/keys/ours.pem',
  'key-psk': `peer=west id=2026-11-23-first key=${'6f1d8e0a5b7c42d3'.repeat(4)}`,
  settings: 'ddos-cookie-threshold=50',
  certificate: 'name=ours file=/etc/culvert/ours.pem key-file=/etc/culvert/ours.key',
  pool: 'name=vpn ranges=10.9.0.10-10.9.0.99',
  radius: 'service=ipsec address=192.0.2.5 secret=a-long-random-secret timeout=1s',
  'radius-incoming': 'accept=yes',
  'address-list': 'list=lan address=10.0.0.0/24',
  'connection-mark': 'name=vpn mark=0x10/0xff',
  user: 'name=alice password=a-long-password',
  tun: 'mtu=1380 workers=2',
  log: 'level=debug format=json',
  metrics: 'address=127.0.0.1 port=9516',
};
