// Users whom RADIUS servers let in: what the gateway has for them in one place. It asks about them,
// follows their sessions through the engine's Steps, and listens to what the servers say later.
import type { RadiusSettings } from '../config/settings.js';
import type { Tables } from '../dataplane/tables.js';
import type { Applicant, Conversation } from '../eap/authenticator.js';
import type { Authorisation } from '../ike/authorisation.js';
import type { SessionEnd } from '../ike/sessions.js';
import type { Step } from '../ike/step.js';
import { sessionName } from '../radius/session.js';
import { Accounting } from './accounting.js';
import { Radius, type RadiusContext } from './radius.js';
import { RadiusDoor } from './radius-door.js';
import { RadiusConversation } from './user-authentication.js';

export interface UsersContext extends RadiusContext {
  readonly traffic: Tables['traffic'];
  end(sessions: ReadonlySet<string>, cause: SessionEnd, reason: string): void;
  limit(sessions: ReadonlySet<string>, seconds: number): void;
}

export class Users {
  readonly #context: UsersContext;
  readonly #radius: Radius;
  readonly #accounting: Accounting;
  #door!: RadiusDoor;
  /** Tells the sessions of this life of the gateway from those of every other. */
  readonly #boot: string;
  #count = 0;
  #stopped = false;

  private constructor(settings: RadiusSettings, context: UsersContext) {
    this.#context = context;
    this.#boot = Buffer.from(context.random(8)).toString('hex');
    this.#radius = new Radius(settings, context);
    const accountingContext = {
      now: () => context.now(),
      ask: this.#radius.ask.bind(this.#radius),
      nas: () => this.#radius.nas(),
      traffic: (child: number) => context.traffic(child),
      end: (sessions: ReadonlySet<string>, cause: SessionEnd, reason: string) =>
        context.end(sessions, cause, reason),
      limit: (sessions: ReadonlySet<string>, seconds: number) => context.limit(sessions, seconds),
      log: context.log,
    };
    this.#accounting = new Accounting(settings, accountingContext, this.#boot);
  }

  /** Throws where the port for what servers send is not to be had. */
  static async open(settings: RadiusSettings, context: UsersContext): Promise<Users> {
    const users = new Users(settings, context);
    users.#door = await RadiusDoor.open(settings, {
      now: () => context.now(),
      nas: () => users.#radius.nas(),
      handler: {
        sessions: () => users.#accounting.sessions(),
        disconnect: (sessions) =>
          context.end(new Set(sessions), 'admin-reset', 'a RADIUS server asks for it'),
        change: (sessions, changes) => users.#accounting.change(sessions, changes),
      },
      log: context.log,
    });
    users.#accounting.start();
    return users;
  }

  authenticate(applicant: Applicant): Conversation<Authorisation> {
    const { peer, local, remote } = applicant;
    const port = ++this.#count;
    const session = sessionName(this.#boot, port);
    const [called, calling] = [local, remote].map((end) => end.replace(/\[\d+\]$/, ''));
    const subject = { session, peer, port, called: called!, calling: calling! };
    const [identifier = 0] = this.#context.random(1);
    return new RadiusConversation(this.#radius, applicant, subject, identifier);
  }

  /** Before a Step is carried out: what it removes still has its counters. */
  before({ sessions, install, remove }: Step): void {
    for (const event of sessions) if (event.kind === 'began') this.#accounting.began(event);
    for (const { id, session } of install) {
      if (session !== undefined) this.#accounting.childAdded(id, session);
    }
    for (const id of remove) this.#accounting.childRemoved(id);
  }

  after({ sessions }: Step): void {
    for (const event of sessions) {
      if (event.kind === 'ended') this.#accounting.ended(event.session, event.cause);
    }
  }

  /** Throws, and goes on as before, where the port is not to be had. */
  async reconfigure(settings: RadiusSettings): Promise<void> {
    await this.#door.reconfigure(settings);
    this.#radius.reconfigure(settings);
    this.#accounting.reconfigure(settings);
  }

  /** After the goodbyes: the servers get what is left to say, within this time. */
  async stop(withinMs: number): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#door.close();
    await this.#accounting.stop(withinMs);
    this.#radius.close();
  }
}
