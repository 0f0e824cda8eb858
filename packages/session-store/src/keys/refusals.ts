import { AppError, type ErrorCode } from "@flotilla/kernel";

/** Why a session is not imported. Part of the interface: scripts read these. */
export type ImportErrorCode = Extract<ErrorCode, `import-${string}`> | "session-exists";

const TEXTS: Readonly<Record<ImportErrorCode, string>> = {
  "import-bot":
    "This session belongs to a bot. Flotilla runs user accounts only: a bot does not need a " +
    "session, its token is enough.",
  "import-damaged":
    "The file is a SQLite database, but it is damaged or was cut short. Copy it again while " +
    "the old program is stopped, or use its backup.",
  "import-in-use":
    "The file changes while it is read: the old program still runs. Stop it for ever, then " +
    "import again; two users of one session end it for both.",
  "import-malformed":
    "This looks like a session, but a part of it is wrong or missing. Copy it again, whole; " +
    "nothing was imported.",
  "import-media-dc":
    "This key is for a data centre that only serves files. It is not an account's session.",
  "import-not-logged-in":
    "This session has no key: the old program never finished its login. Add the worker in the " +
    "chat and log it in there.",
  "import-other-fleet-key":
    "This session was encrypted with another FLEET_KEY. Export it with the Flotilla that made " +
    "it (flotilla export), and import the result.",
  "import-tdata":
    "This is Telegram Desktop's own folder (tdata). It cannot be taken over: log in by QR " +
    "instead, with 🔐 Authenticate in the chat; Telegram Desktop stays logged in.",
  "import-test-server":
    "This session was made on Telegram's test servers. It does not exist on the real ones.",
  "import-too-large": "The file is larger than any session (256 MB). Is it the right file?",
  "import-unreadable": "The file cannot be read. Check its path, and that this user may read it.",
  "import-unknown-format":
    "This is no session that Flotilla knows. It reads .session files of Telethon, Pyrogram, " +
    "Kurigram, mtcute and Flotilla, folders of GramJS (StoreSession), and session strings of " +
    "GramJS, Telethon, Pyrogram and mtcute.",
  "session-exists":
    "There is a session of this name already, and it is never overwritten. Choose another name.",
};

/** The error for a code, with its plain sentence. `details` never hold a part of the session. */
export function refused(
  code: ImportErrorCode,
  more: {
    readonly cause?: unknown;
    readonly details?: Readonly<Record<string, string | number | boolean | null>>;
  } = {},
): AppError<ImportErrorCode> {
  return new AppError(code, TEXTS[code], more);
}
