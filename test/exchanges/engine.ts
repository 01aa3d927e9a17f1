// The engine under test, as World makes it.
import { Engine } from '../../src/ike/engine.js';
import type { MakeEngine } from './site.js';

export const makeEngine: MakeEngine = (databases, context) => new Engine(databases, context);
