// RADIUS's numbers: packet codes and the values of attributes that are enumerations.

/** Packet codes (RFC 2865 §3, RFC 2866 §3, RFC 5176 §3). */
export const ACCESS_REQUEST = 1;
export const ACCESS_ACCEPT = 2;
export const ACCESS_REJECT = 3;
export const ACCOUNTING_REQUEST = 4;
export const ACCOUNTING_RESPONSE = 5;
export const ACCESS_CHALLENGE = 11;
export const DISCONNECT_REQUEST = 40;
export const DISCONNECT_ACK = 41;
export const DISCONNECT_NAK = 42;
export const COA_REQUEST = 43;
export const COA_ACK = 44;
export const COA_NAK = 45;

/** Names for logs. */
const CODE_NAMES: Readonly<Record<number, string>> = {
  [ACCESS_REQUEST]: 'Access-Request',
  [ACCESS_ACCEPT]: 'Access-Accept',
  [ACCESS_REJECT]: 'Access-Reject',
  [ACCOUNTING_REQUEST]: 'Accounting-Request',
  [ACCOUNTING_RESPONSE]: 'Accounting-Response',
  [ACCESS_CHALLENGE]: 'Access-Challenge',
  [DISCONNECT_REQUEST]: 'Disconnect-Request',
  [DISCONNECT_ACK]: 'Disconnect-ACK',
  [DISCONNECT_NAK]: 'Disconnect-NAK',
  [COA_REQUEST]: 'CoA-Request',
  [COA_ACK]: 'CoA-ACK',
  [COA_NAK]: 'CoA-NAK',
};
export const codeName = (code: number): string => CODE_NAMES[code] ?? `code ${code}`;

/** NAS-Port-Type (RFC 2865 §5.41), Service-Type (§5.6), Termination-Action (§5.29). */
export const NAS_PORT_TYPE_VIRTUAL = 5;
export const SERVICE_TYPE_FRAMED = 2;
export const SERVICE_TYPE_AUTHORIZE_ONLY = 17;
export const TERMINATION_ACTION_RADIUS_REQUEST = 1;
export const ACCT_AUTHENTIC_RADIUS = 1;

/** Acct-Status-Type (RFC 2866 §5.1). */
export const STATUS_START = 1;
export const STATUS_STOP = 2;
export const STATUS_INTERIM = 3;
export const STATUS_ON = 7;
export const STATUS_OFF = 8;

/** Acct-Terminate-Cause (RFC 2866 §5.10). */
export const TERMINATE_CAUSES = {
  'user-request': 1,
  'lost-carrier': 2,
  'idle-timeout': 4,
  'session-timeout': 5,
  'admin-reset': 6,
  'admin-reboot': 7,
  'nas-error': 9,
  'nas-request': 10,
} as const;
export type TerminateCause = keyof typeof TERMINATE_CAUSES;

/** Error-Cause (RFC 5176 §3.5). */
export const ERROR_UNSUPPORTED_ATTRIBUTE = 401;
export const ERROR_MISSING_ATTRIBUTE = 402;
export const ERROR_NAS_MISMATCH = 403;
export const ERROR_UNSUPPORTED_SERVICE = 405;
export const ERROR_INVALID_VALUE = 407;
export const ERROR_SESSION_NOT_FOUND = 503;
