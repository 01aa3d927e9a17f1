// What every exchange test begins with: two engines in a world.
import { Engine } from '../../src/ike/engine.js';
import { World, type WorldOptions } from './world.js';

export const newWorld = (options: WorldOptions = {}): World =>
  new World((databases, context) => new Engine(databases, context), options);

/** A world in which east has called west and the first child is up. */
export async function connected(options: WorldOptions = {}): Promise<World> {
  const world = newWorld(options);
  await world.establish();
  world.log.length = 0;
  return world;
}

/** The same option on both sides. */
export const both = (site: NonNullable<WorldOptions['east']>): WorldOptions => ({
  east: site,
  west: site,
});
