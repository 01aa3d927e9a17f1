// Netlink: one request and its answer, or a transaction of many that the kernel makes whole or not at
// all, over an AF_NETLINK socket of the calling thread's namespace; rtnetlink unless told otherwise.
// A failure names the request in words, the kernel's errno and its own sentence (extended ack).
import { type Attribute, align4, decodeAttributes, MessageBuffer } from './attributes.js';
import {
  type Advice,
  addressOf,
  allocate,
  check,
  close,
  errno,
  recv,
  SystemError,
  send,
  socket,
} from './libc.js';
import {
  AF_NETLINK,
  EINTR,
  MSG_PEEK,
  MSG_TRUNC,
  NETLINK_ROUTE,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSG_HEADER,
  SOCK_CLOEXEC,
  SOCK_RAW,
} from './linux.js';
import { messages, type Named, raise } from './netlink-messages.js';
import { tryOption } from './socket-options.js';

export interface Request {
  readonly type: number;
  /** NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE. */
  readonly flags?: number;
  /** The fixed structure behind the netlink header. */
  readonly body: Uint8Array;
  readonly attributes?: readonly Attribute[];
  /** What is asked, in words, for the error: `add route 192.0.2.0/24 dev tun0`. */
  readonly what: string;
  readonly advice?: Advice;
}

export interface Answer {
  readonly type: number;
  readonly body: Uint8Array;
  readonly attributes: Map<number, Uint8Array>;
}

const DUMP_ATTEMPTS = 5;
/** An acknowledgement takes under 1 KiB of the socket's buffer, which has 208 unless told otherwise. */
const PER_DATAGRAM = 96;
const FLAGS_AT = 6;
const HEADER = new Uint8Array(NLMSG_HEADER);
/** An acknowledgement repeats its request and adds a sentence. */
const ANSWER = 16384;

/** A socket for requests, one at a time and synchronous: an answer takes microseconds. */
export class Netlink {
  readonly #fd: number;
  readonly #answer = allocate(ANSWER);
  readonly #sent = new MessageBuffer();
  #sequence = 1;

  /** `family`: NETLINK_ROUTE, NETLINK_NETFILTER. */
  constructor(family = NETLINK_ROUTE, subject = 'an rtnetlink socket', advice?: Advice) {
    const made = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, family);
    this.#fd = check(made, 'socket', subject, advice);
    // Old kernels know neither: errors are then less talkative and dumps unfiltered.
    tryOption(this.#fd, 'NETLINK_EXT_ACK', 1);
    tryOption(this.#fd, 'NETLINK_GET_STRICT_CHK', 1);
  }

  close(): void {
    close(this.#fd);
  }

  /** Room for what is sent at once, past the system's limit; whether we may. */
  enlarge(bytes: number): boolean {
    return tryOption(this.#fd, 'SO_SNDBUFFORCE', bytes);
  }

  /** Asks for a change. */
  change(request: Request): void {
    this.#send(request, NLM_F_ACK);
    this.#collect(request, request.body.length);
  }

  /**
   * Asks for changes one after another, many to a datagram: a system call each would take longer than
   * the changes. Failures are always told, success for the last alone. The first failure is thrown, once
   * its datagram's others have been carried out; failures with a code in `but` are none. Requests are
   * made as they are sent: thousands are never there together.
   */
  changeAll<T>(
    wanted: readonly T[],
    requestOf: (one: T) => Request,
    but: ReadonlySet<string> = new Set(),
  ): void {
    for (let at = 0; at < wanted.length; at += PER_DATAGRAM) {
      this.#changeSome(wanted.slice(at, at + PER_DATAGRAM).map(requestOf), but);
    }
  }

  #changeSome(requests: readonly Request[], but: ReadonlySet<string>): void {
    const first = this.#sequence + 1;
    requests.forEach((each, at) => {
      this.#encode(each, at === requests.length - 1 ? NLM_F_ACK : 0);
    });
    this.#transmit(requests[0]!);
    let failure: unknown;
    for (let isDone = false; !isDone; ) {
      for (const message of messages(this.#receiveAnswer(requests[0]!))) {
        const request = requests[message.sequence - first];
        if (!request || message.type !== NLMSG_ERROR) continue;
        if (message.sequence === this.#sequence) isDone = true;
        try {
          raise(message, request);
        } catch (error) {
          if (!(error instanceof SystemError && but.has(error.code))) failure ??= error;
        }
      }
    }
    if (failure !== undefined) throw failure;
  }

  /** An acknowledgement is small: one place serves all of them. */
  #receiveAnswer({ what }: Request): Uint8Array {
    const { at, bytes } = this.#answer;
    for (;;) {
      const got = recv(this.#fd, at, bytes.length, 0);
      if (got >= 0) return bytes.subarray(0, got);
      if (errno() !== EINTR) throw new SystemError('netlink receive', what, errno());
    }
  }

  /** Asks for one object. */
  get(request: Request): Answer {
    this.#send(request, 0);
    const [answer] = this.#collect(request, request.body.length, true).answers;
    if (!answer) throw new Error(`netlink: ${request.what}: no answer`);
    return answer;
  }

  /** Asks for all objects of a kind; again where the list changed while the kernel walked it. */
  dump(request: Request): Answer[] {
    for (let attempt = 1; ; attempt++) {
      this.#send(request, NLM_F_DUMP);
      const { answers, torn } = this.#collect(request, request.body.length);
      if (!torn || attempt === DUMP_ATTEMPTS) return answers;
    }
  }

  /**
   * Sends requests that belong together in one datagram: all happen or none. The first failure is
   * thrown. What does not fit the socket's buffer (SO_SNDBUF) is refused: EMSGSIZE. Each is put into
   * the datagram as it comes: thousands are never there together.
   */
  transaction(requests: Iterable<Request>): void {
    const first = this.#sequence + 1;
    const sent: Named[] = [];
    const places: number[] = [];
    for (const request of requests) {
      places.push(this.#sent.length);
      this.#encode(request, 0);
      const { what, advice } = request;
      sent.push(advice ? { what, advice } : { what });
    }
    // The last request of a batch is acknowledged; a failure stands in front of that.
    this.#sent.add(places.at(-2)! + FLAGS_AT, NLM_F_ACK);
    this.#transmit(sent[0]!);
    const acknowledged = this.#sequence - 1;
    for (;;) {
      for (const message of messages(this.#receive(sent[0]!.what))) {
        const request = sent[message.sequence - first];
        if (!request || message.type !== NLMSG_ERROR) continue;
        raise(message, request);
        if (message.sequence === acknowledged) return;
      }
    }
  }

  #send(request: Request, flags: number): void {
    this.#encode(request, flags);
    this.#transmit(request);
  }

  /** Puts a request behind those that wait to be sent. */
  #encode(request: Request, flags: number): void {
    const at = this.#sent.length;
    this.#sent.put(HEADER);
    this.#sent.put(request.body);
    this.#sent.putAttributes(request.attributes ?? []);
    this.#sent.setU32(at, this.#sent.length - at);
    this.#sent.setU16(at + 4, request.type);
    this.#sent.setU16(at + FLAGS_AT, NLM_F_REQUEST | flags | (request.flags ?? 0));
    this.#sent.setU32(at + 8, ++this.#sequence);
  }

  #transmit({ what, advice }: Named): void {
    const { bytes } = this.#sent;
    this.#sent.clear();
    check(send(this.#fd, addressOf(bytes), bytes.length, 0), 'netlink send', what, advice);
  }

  /** Reads until the answer is complete: an acknowledgement, the end of a dump, or the one object. */
  #collect(
    request: Request,
    bodyBytes: number,
    single = false,
  ): { answers: Answer[]; torn: boolean } {
    const answers: Answer[] = [];
    let torn = false;
    for (;;) {
      for (const message of messages(this.#receive(request.what))) {
        // The rest of a dump that was given up may still be in the socket.
        if (message.sequence !== this.#sequence) continue;
        if ((message.flags & NLM_F_DUMP_INTR) !== 0) torn = true;
        if (message.type === NLMSG_ERROR || message.type === NLMSG_DONE) {
          raise(message, request);
          return { answers, torn };
        }
        answers.push({
          type: message.type,
          body: message.payload.subarray(0, bodyBytes),
          attributes: decodeAttributes(message.payload.subarray(align4(bodyBytes))),
        });
        if (single) return { answers, torn };
      }
    }
  }

  #receive(what: string): Uint8Array {
    for (;;) {
      // The first call only measures, so that no answer is ever cut.
      const size = recv(this.#fd, 0, 0, MSG_PEEK | MSG_TRUNC);
      const block = allocate(Math.max(size, 1));
      const got = size < 0 ? size : recv(this.#fd, block.at, block.bytes.length, 0);
      if (got >= 0) return block.bytes.subarray(0, got);
      if (errno() !== EINTR) throw new SystemError('netlink receive', what, errno());
    }
  }
}
