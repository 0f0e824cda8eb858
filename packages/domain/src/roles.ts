import type { Verb } from "@flotilla/contracts";

/** What an admin may do: look, run workers and take alerts, or everything. */
export const ROLES = ["viewer", "operator", "owner"] as const;
export type Role = (typeof ROLES)[number];

/** The least role that a button needs. A new button does not compile until it is here. */
const NEEDS: Readonly<Record<Verb, Role>> = {
  menu: "viewer",
  workers: "viewer",
  worker: "viewer",
  log: "viewer",
  logfile: "viewer",
  who: "viewer",
  logins: "viewer",
  devices: "viewer",
  alerts: "viewer",
  health: "viewer",
  doctor: "operator",
  settings: "viewer",
  lang: "viewer",
  limits: "viewer",
  find: "viewer",
  chart: "viewer",
  cancel: "viewer",
  routes: "viewer",
  route: "viewer",
  sources: "viewer",
  rset: "operator",
  srcset: "operator",
  rnew: "owner",
  redit: "owner",
  rwiz: "owner",
  audit: "operator",
  auditfile: "operator",
  more: "operator",
  rename: "operator",
  tags: "operator",
  restart: "operator",
  start: "operator",
  stop: "operator",
  check: "operator",
  look: "operator",
  take: "operator",
  hush: "operator",
  mute: "operator",
  maintain: "operator",
  test: "operator",
  bulk: "operator",
  bulkstop: "operator",
  retry: "operator",
  backups: "viewer",
  bnow: "operator",
  brest: "operator",
  brestyes: "operator",
  hstop: "operator",
  hstopyes: "operator",
  resume: "operator",
  resumeyes: "operator",
  rules: "operator",
  ruleset: "owner",
  proxy: "owner",
  proxyyes: "owner",
  login: "operator",
  lqr: "operator",
  lfile: "operator",
  luse: "operator",
  lphone: "operator",
  lkey: "operator",
  lback: "operator",
  lsend: "operator",
  lnew: "operator",
  lcancel: "operator",
  lkeep: "operator",
  yes: "operator",
  add: "owner",
  drill: "owner",
  delete: "owner",
  logout: "owner",
  rmsession: "owner",
  quiet: "owner",
  together: "owner",
  admins: "owner",
  admin: "owner",
  invite: "owner",
  setrole: "owner",
  unadmin: "owner",
};

/** The least role for a button. */
export function roleFor(verb: Verb): Role {
  return NEEDS[verb];
}

/** True when `role` may press this button. */
export function mayPress(role: Role, verb: Verb): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(NEEDS[verb]);
}
