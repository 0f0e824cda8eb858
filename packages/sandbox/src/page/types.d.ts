/** Shapes of the control API as the page uses them; see docs/sandbox.md. */
export interface Entity {
  type: string;
  offset: number;
  length: number;
  url?: string;
  language?: string;
}
export interface Button {
  text: string;
  callback_data?: string;
  url?: string;
  copy_text?: { text: string };
  web_app?: { url: string };
  disabled?: object;
  style?: string;
}
export interface Message {
  id: number;
  chat: number;
  from: "bot" | "user";
  date: number;
  edited: number | null;
  deleted: boolean;
  text: string;
  entities: Entity[];
  keyboard: Button[][];
  photo: { url: string; width: number; height: number; spoiler: boolean } | null;
  document: { url: string; name: string; mime: string; size: number } | null;
  replyTo: number | null;
  silent: boolean;
  pinned: boolean;
}
export interface Command {
  command: string;
  description: string;
}
export interface ChatState {
  bot: { firstName: string; username: string };
  user: { id: number; firstName: string };
  started: boolean;
  blocked: boolean;
  pinned: number[];
  replyKeyboard: string[][] | null;
  commands: Command[];
  messages: Message[];
}
export interface Answer {
  callbackId: string;
  messageId: number;
  text: string | null;
  alert: boolean;
  url: string | null;
}
export interface LoginCode {
  code: string;
  sentAt: number;
  expiresAt: number;
  state: "valid" | "used" | "expired" | "cancelled" | "withdrawn" | "replaced";
}
export interface Account {
  id: string;
  phone: string;
  firstName: string;
  lastName: string;
  username: string | null;
  hasPassword: boolean;
  passwordHint: string | null;
  dc: number;
  sessions: number;
  code: LoginCode | null;
}
export interface Channel {
  id: string;
  title: string;
  username: string | null;
  members: string[];
  pts: number;
}
export interface Connection {
  id: number;
  remoteAddress: string;
  dc: number;
  transport: string;
  keyId: string | null;
  phone: string | null;
  openedAt: number;
}
export interface Person {
  id: number;
  firstName: string;
  username: string | null;
  admin: boolean;
  started: boolean;
}
export interface FaultNote {
  at: number;
  text: string;
  effect: string | null;
}
export interface WorldState {
  now: number;
  people: Person[];
  faults: FaultNote[];
  accounts: Account[];
  qr: { token: string; expiresAt: number }[];
  channels: Channel[];
  connections: Connection[];
}
