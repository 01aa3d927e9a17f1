// ICMP echo over loopback, in a namespace of its own where one can be had.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addressBytes } from '../../src/net/addressing.js';
import { ping } from '../../src/net/echo.js';
import { mayMakeNamespaces, Namespace } from '../../src/net/namespace.js';

const echo = suite('echo');
const allowed = mayMakeNamespaces();

if (allowed === 'yes') {
  const loopback = (text: string, size: number): number => {
    const namespace = new Namespace('echo');
    const address = addressBytes(text);
    try {
      return namespace.enter(() => ping({ from: address, to: address, count: 3, size })).received;
    } finally {
      namespace.close();
    }
  };
  echo('three requests over IPv4 loopback have three replies', () => {
    assert.is(loopback('127.0.0.1', 56), 3);
  });
  echo('IPv6, and a payload larger than a page', () => {
    assert.is(loopback('::1', 5000), 3);
  });
  echo('an address that nobody has: an error that names it', () => {
    const namespace = new Namespace('echo');
    const from = addressBytes('127.0.0.1');
    const to = addressBytes('192.0.2.1');
    try {
      assert.throws(() => namespace.enter(() => ping({ from, to, count: 1 })), /192\.0\.2\.1/);
    } finally {
      namespace.close();
    }
  });
} else {
  console.log(`SKIP echo: ${allowed === 'inside unshare -rn' ? 'not root' : allowed.reason}`);
}

echo.run();
