// Opens a host again that a stopped or killed daemon left closed (`tun` fail-closed).
import { HostRoutes } from './host.js';
import { listLinks } from './links.js';
import { removeLeftMarks } from './marked.js';
import { Netlink } from './netlink.js';
import { removeLeftGuard } from './plain-guard.js';

/** Removes what refuses; false where the device is there: a daemon runs, and all of it is in use. */
export function release(device: string): boolean {
  const netlink = new Netlink();
  try {
    if (listLinks(netlink).some(({ name }) => name === device)) return false;
  } finally {
    netlink.close();
  }
  new HostRoutes({ tun: { name: device, index: 0 }, mark: 0 }).remove();
  removeLeftGuard(device);
  removeLeftMarks(device);
  return true;
}
