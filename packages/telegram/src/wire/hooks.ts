import { AppError, LoopShare } from "@flotilla/kernel";
import { Api } from "telegram";
import {
  InvalidBufferError,
  RPCError,
  SecurityError,
  TypeNotFoundError,
} from "telegram/errors/index.js";
import { UpdateConnectionState } from "telegram/network/index.js";
import { GZIPPacked, MessageContainer } from "telegram/tl/core/index.js";
import { linkLost } from "./fault.ts";
// Also for its side effect: the handlers below rely on its patches.
import { openPacket, readMessage } from "./messages.ts";
import type { VendorClient, VendorSender } from "./vendor.ts";

/** Milliseconds per slice of a container, which may contain a thousand messages. */
const SLICE_MS = 15;

/** Events of the hooks. None of these may throw. */
export interface HookEvents {
  /** A packet was decrypted. */
  traffic(): void;
  /** A whole `Updates` object, in the order of arrival. */
  updates(update: unknown): void;
  /** Something could not be decoded: updates may be missing. */
  undecodable(): void;
  /** The server started a new session: updates may be missing. */
  newSession(): void;
  /** GramJS would now reconnect, or give up. It does neither. */
  lost(error: AppError): void;
}

/**
 * Removes GramJS's own activity, before `connect`: no ping loop, no reconnects, no second
 * connection, no change of data centre, no dispatch of updates. Its faults, and the reason for each
 * hook: docs/gramjs.md. `first` is sent before anything else.
 */
export function installHooks(
  client: VendorClient,
  events: HookEvents,
  first: Api.AnyRequest,
): void {
  client._loopStarted = true;
  client._handleReconnect = async () => {};
  client._switchDC = () =>
    Promise.reject(
      new AppError("key-protected", "Refused: the library tried to change the data centre."),
    );
  let sender: VendorSender | undefined;
  // F5: file methods would open a second connection with the same key.
  client.getSender = (dc) =>
    dc === undefined ? Promise.resolve(sender) : Promise.reject(foreignDc(dc));
  Object.defineProperty(client, "_sender", {
    configurable: true,
    enumerable: true,
    get: () => sender,
    set(created: VendorSender | undefined) {
      sender = created;
      if (!created) return;
      installInSender(created, events);
      // GramJS keeps requests made before it is connected.
      created.send(first).catch(() => {});
    },
  });
}

function installInSender(sender: VendorSender, events: HookEvents): void {
  const keyOf = (type: { CONSTRUCTOR_ID: number }): string => type.CONSTRUCTOR_ID.toString();
  sender._handlers[keyOf(MessageContainer as never)] = (message: {
    obj: { messages: unknown[] };
  }) => handleContainer(sender, message.obj.messages, events);

  sender._handlers[keyOf(GZIPPacked as never)] = async (message: { obj: unknown }) => {
    message.obj = readMessage((message.obj as { data: Buffer }).data);
    await sender._processMessage(message);
  };

  const newSession = keyOf(Api.NewSessionCreated as never);
  const original = sender._handlers[newSession];
  sender._handlers[newSession] = async (message) => {
    await original?.(message);
    events.newSession();
  };

  let transport: number | undefined;
  sender._state.decryptMessageData = async (body) => {
    try {
      const message = await openPacket(sender._state, body);
      events.traffic();
      return message;
    } catch (error) {
      if (error instanceof InvalidBufferError) transport = error.code;
      if (!(error instanceof TypeNotFoundError)) throw error;
      events.undecodable();
      // GramJS would print the decrypted bytes of a TypeNotFoundError; it skips this kind quietly.
      throw new SecurityError("an object of an unknown type");
    }
  };
  sender._updateCallback = (_client, update) => {
    if (!(update instanceof UpdateConnectionState)) events.updates(update);
  };
  sender.reconnect = () =>
    events.lost(
      transport === undefined ? linkLost("socket") : linkLost("transport", undefined, transport),
    );
  sender._reconnect = async () => {};
  sender._handleBadAuthKey = (skipForMain) => {
    if (!skipForMain) events.lost(linkLost("unknown-key"));
  };
}

/** F2: an RPC error in a container must not discard the messages after it. */
async function handleContainer(
  sender: VendorSender,
  messages: readonly unknown[],
  events: HookEvents,
): Promise<void> {
  const share = new LoopShare(SLICE_MS);
  for (const message of messages) {
    await share.turn();
    try {
      await sender._processMessage(message);
    } catch (error) {
      if (!(error instanceof RPCError)) events.undecodable();
    }
  }
}

/**
 * Ends a sender for good: stops its loops, and rejects every waiting request with `error`, which
 * otherwise would wait without end or be sent again later (F4, F13). The SocketFactory closes the
 * socket.
 */
export function killSender(sender: VendorSender, error: AppError): void {
  sender.userDisconnected = true;
  sender._userConnected = false;
  sender._retries = -1;
  sender.reconnect = () => {};
  if (sender._connection) {
    sender._connection._connected = false;
    void sender._connection._recvArray.push(undefined);
  }
  const waiting = new Set([
    ...sender._pendingState.values(),
    ...sender._sendQueue._pendingStates,
    ...sender._sendQueue._queue,
  ]);
  sender._pendingState.clear();
  sender._sendQueue._queue = [];
  for (const request of waiting) {
    request?.promise?.catch(() => {});
    request?.reject(error);
  }
  sender._sendQueue.append(undefined);
}

function foreignDc(dc: number): AppError {
  return new AppError(
    "foreign-dc",
    `Refused: the library asked for a connection to data centre ${dc}.`,
    { details: { dc } },
  );
}
