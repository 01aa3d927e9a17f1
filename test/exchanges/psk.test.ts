// The whole PSK exchange between two engines.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Engine } from '../../src/ike/engine.js';
import { World } from './world.js';

const psk = suite('PSK exchange');

psk('IKE_SA_INIT and IKE_AUTH bring up one IKE SA and one child', async () => {
  const world = new World((databases, context) => new Engine(databases, context));
  await world.establish();
  // IKE_SA_INIT { SAi1, KEi, Ni, N(NATD) } -->
  //   <-- { SAr1, KEr, Nr, N(NATD) }
  // IKE_AUTH { IDi, N(IC), IDr, AUTH, SAi2, TSi, TSr } -->
  //   <-- { IDr, AUTH, SAr2, TSi, TSr }
  assert.equal(world.log, [
    'east: IKE_SA_INIT request 0',
    'west: IKE_SA_INIT response 0',
    'east: IKE_AUTH request 1',
    'west: IKE_AUTH response 1',
  ]);
  world.checkSettled();
});

psk.run();
