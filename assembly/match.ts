// Whether one policy holds the packet in view.
import {
  POLICY_DST_HIGH,
  POLICY_DST_LOW,
  POLICY_DST_PORT_LOW,
  POLICY_FAMILY,
  POLICY_PROTOCOL,
  POLICY_SRC_HIGH,
  POLICY_SRC_LOW,
  POLICY_SRC_PORT_LOW,
} from '../src/contract/layout';
import {
  VIEW_DST_HIGH,
  VIEW_DST_PORT,
  VIEW_FAMILY,
  VIEW_PROTOCOL,
  VIEW_SRC_HIGH,
  VIEW_SRC_PORT,
  viewed,
} from './ip/packet';
import { inPorts, inRange } from './range';

const ANY_PROTOCOL: i32 = 256;

/** Of a `later` fragment ports are not looked at. */
export function holds(policy: usize, later: bool): bool {
  if (load<i32>(policy, POLICY_FAMILY) != viewed(VIEW_FAMILY)) return false;
  const protocol = load<i32>(policy, POLICY_PROTOCOL);
  if (protocol != ANY_PROTOCOL && protocol != viewed(VIEW_PROTOCOL)) return false;
  return (
    inRange(VIEW_DST_HIGH, policy + POLICY_DST_LOW, policy + POLICY_DST_HIGH) &&
    inRange(VIEW_SRC_HIGH, policy + POLICY_SRC_LOW, policy + POLICY_SRC_HIGH) &&
    (later || portsMatch(policy))
  );
}

function portsMatch(policy: usize): bool {
  return (
    inPorts(viewed(VIEW_SRC_PORT), policy, POLICY_SRC_PORT_LOW, false) &&
    inPorts(viewed(VIEW_DST_PORT), policy, POLICY_DST_PORT_LOW, false)
  );
}
