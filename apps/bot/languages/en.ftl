# Texts of the chat, in Fluent (https://projectfluent.org). How to add or change one: CONTRIBUTING.md.
# TIME($at) shows a clock time, DATE($at) a date with it, SPAN($ms) a length of time such as "3 min".
# Tags such as <b> are Telegram's HTML; texts of buttons have none.

## Units

unit-s = s
unit-min = min
unit-h = h
unit-d = d

## States of a worker

state-STOPPED = stopped
state-STARTING = starting
state-CATCHING_UP = catching up
state-RUNNING = healthy
state-DEGRADED = degraded
state-RECONNECTING = reconnecting
state-FLOOD = waiting (flood)
state-LOCKED = session locked
state-BACKOFF = waiting to restart
state-GAVE_UP = gave up
state-BROKEN = session file unusable
state-NEEDS_LOGIN = needs login
state-LOGGING_IN = login under way
state-IN_USE = in use elsewhere
state-BANNED = banned
state-MAINTENANCE = maintenance
state-STOPPING = stopping

## Buttons

button-workers = 👷 Workers
button-add = ➕ Add
button-refresh = 🔄 Refresh
button-back = ⬅️ Back
button-menu = ⬅️ Menu
button-cancel = ✖️ Cancel
button-details = 👷 Details
button-worker-details = 👷 Worker Details
button-start = ▶️ Start
button-stop = ⏹ Stop
button-restart = 🔄 Restart
button-login = 🔐 Authenticate
button-check = 🩺 Check now
button-log = 📜 Log
button-retry = 🔁 Retry now
button-backups = 🧯 Backups
button-bnow = 💾 Back up now
button-restore-copy = 🧯 Restore { DATE($at) }
button-restore-yes = 🧯 Restore { $worker }
button-hstop = ⏹ Stop holder
button-hstop-yes = ⏹ Stop process { $pid }
button-who = 👀 Who holds it?
button-use-phone = Use { $phone }
button-new-code = 🔁 New code
button-new-code-from = 🔁 New code (from { TIME($at) })

## Answers to presses

toast-queued = ⏳ Queued
toast-already = Already asked by { $by }
toast-stale = This screen is out of date
toast-gone = This worker does not exist any more.
toast-login-over = This login is over. Press 🔐 Authenticate to start again.
toast-login-cancelled = Login cancelled
toast-whole-code = Enter the whole code first.
toast-no-code = No code is asked for right now.

## Why nothing was done

problem-redis-away = ❌ Redis cannot be reached, so nothing was done. Try again in a moment.
problem-not-sent = ❌ The command could not be sent.
problem-no-worker = This worker does not exist any more.

## Commands of the menu, and help

command-menu = Fleet summary
command-workers = List of workers
command-cancel = End the login or the question
command-help = What the buttons do
help =
    🛰 Flotilla runs your Telegram sessions.

    👷 Workers → a worker → 🔄 Restart, ⏹ Stop, 🔐 Authenticate, 📜 Log.
    ➕ Add makes a new worker; 🔐 Authenticate logs its account in.
    Crashes come here as a message with the buttons that help.

    /menu /workers /cancel

## Every screen

updated = <i>updated { TIME($at) }</i>
redis-away = 🔌 Redis is away: this is the last known state.

## Main menu

menu-title = 🛰 <b>Fleet</b> · { $count ->
    [one] { $count } worker
   *[other] { $count } workers
}
menu-empty = No workers yet. Press ➕ Add to make the first one.
menu-last = Last message { TIME($at) } · alerts { $alerts } open
menu-last-none = Last message none yet · alerts { $alerts } open
menu-not-reported = not reported

## Workers

workers-title = 👷 <b>Workers</b> { $from }–{ $to } of { $count }
workers-none = 👷 <b>Workers</b> none yet
worker-not-reported = not reported by { $host }
worker-next = next { TIME($at) }

## A new worker

add-title = ➕ <b>New worker</b>
add-ask = Send a name for it, such as news_1.
add-rule = <i>1 to 32 characters of a-z, 0-9, _ and -, starting with a letter.</i>
add-bad-name = Names have 1 to 32 characters of a-z, 0-9, _ and -, and start with a letter.
add-taken = There is a worker { $worker } already.

## Worker Details

details-gone = There is no worker <b>{ $worker }</b> any more.
details-silent = Its host { $host } has not reported it. Is the supervisor running there?
details-account = Account: { $name } · id …{ $id }
details-no-account = Account: not logged in
details-process = pid { $pid } · up since { DATE($at) }
details-no-process = no process
details-status = <b>Status:</b> { $state } · since { TIME($since) }
details-status-next = <b>Status:</b> { $state } · since { TIME($since) } · next try { TIME($at) }
details-failures = <b>Failures:</b> { $failures }   <b>Reconnects:</b> { $reconnects }
details-last-success = <b>Last Success:</b> { DATE($at) }
details-last-success-never = <b>Last Success:</b> never
details-counts = Messages seen { $messages } · Restarts { $crashes }/{ $limit }
details-storage = 💾 lock waits { $waits } · longest hold { $hold } ms · journal { $kb } KB
details-checkpoint = emptied { TIME($at) }
details-not-logged-in = 🔑 Not logged in yet. Press 🔐 Authenticate (about 1 min).
details-fault = ⚠️ { $text } <i>({ $class }, { $code })</i>

## A command on its way, on cards

asked-by = asked by { $by } { TIME($at) }
doing-start = ▶️ Starting…
doing-stop = ⏹ Stopping…
doing-restart = 🔄 Restarting…
doing-check = 🩺 Checking…
doing-backup = 💾 Backing up…
doing-restore = 🧯 Putting the copy back…
doing-stop-holder = ⏹ Stopping the holder…
doing-retry = 🔁 Trying…
doing-who = 👀 Looking…
doing-other = ⏳ Working…
doing-slow = Still working ({ SPAN($ms) }).
done-start = ✅ Started { TIME($at) }
done-stop = ✅ Stopped { TIME($at) }
done-restart = ✅ Restarted { TIME($at) }
done-retry = ✅ Tried: it runs { TIME($at) }
done-check = ✅ Checked: Telegram answers { TIME($at) }
done-other = ✅ Done { TIME($at) }
not-done = ❌ Not done: { $why }
no-answer = ❌ No answer from the manager; nothing was done. Is the supervisor running?
why-unknown = unknown reason

## Who has the session file

holder-ours = 👀 In the way: pid { $pid } <code>{ $command }</code> (user { $user }, { $state }, since { DATE($since) }), started by Flotilla.
holder-not-ours = 👀 In the way: pid { $pid } <code>{ $command }</code> (user { $user }, { $state }, since { DATE($since) }). I do not stop programs I did not start.
holder-hidden = (command not visible)
holder-ask = ⏹ <b>Stop the process that has the session of { $worker }?</b>
    pid { $pid } <code>{ $command }</code> (user { $user }, { $state }, since { DATE($since) })
holder-effect = It was started by Flotilla. It is looked at again at the moment of the signal: if it is another program by then, or has let go of the file, nothing is stopped. The button is good for 30 s.
holder-gone = That process does not have the session file any more, or was not started by Flotilla. Nothing was stopped.
process-running = running
process-stopped = stopped
process-zombie = ended, not yet collected
process-unknown = not visible

## Copies of a session

backups-title = 🧯 <b>Backups of { $worker }</b>
backups-fetching = ⏳ Looking, each copy is opened and checked…
backups-again = <i>Press 🔄 Refresh to look again.</i>
backups-none = There are no copies yet. One is made before each login and after it.
backups-line = • { DATE($at) } · { $why } · { $size } KB · { $state }
backups-no-help = None of these can bring a login back: they have the same key as the session, or do not open. If the login is gone, only 🔐 Authenticate helps.
backups-stop-first = To put one back, stop the worker first.
backups-choose = Press a copy to put it back. You are asked once more.
copy-verified = ✓ verified
copy-damaged = ✗ damaged
copy-in-use = ✗ open in another program
copy-no-key = ✗ without a login
copy-other-fleet-key = ✗ encrypted with another FLEET_KEY
copy-same-key = same key as now
reason-manual = by hand
reason-scheduled = regular
reason-before-login = before a login
reason-before-restore = before a restore
reason-before-upgrade = before an upgrade
reason-old-golden = after an earlier login
reason-golden = ⭐ after the last login
reason-trash = taken out of use
reason-damaged = the damaged file
restore-ask = 🧯 <b>Put this copy back for { $worker }?</b>
    { DATE($at) } · { $why }
restore-effect = The session as it is now goes to the trash and can be put back in the same way. If the worker shall run, it starts. The button is good for 30 s.
restore-gone = This copy is not in the list any more. Nothing was changed.

## Log

log-title = 📜 <b>Log of { $worker }</b>
log-fetching = ⏳ Fetching…
log-failed = ❌ The log could not be fetched.
log-again = <i>Press 🔄 Refresh to fetch the lines again.</i>
log-no-answer = ❌ No answer from the manager. Is the supervisor running?
log-empty = <i>Nothing was logged yet.</i>

## Login

login-title = 🔐 <b>Log in worker { $worker }</b>
login-preparing =
    ⏳ Getting the session ready…
    You stay in control: log out at any time in Telegram → Settings → Devices.
login-ask-phone = Send the phone number of the account with its country code, such as +49 151 2345678. Your message is deleted at once.
login-known-phone = Stored number: { $phone }
login-sending-code = ⏳ Asking Telegram to send a code…
login-code-sent = { $via ->
    [app] Code sent to the Telegram app of this account (not SMS). Look in the chat “Telegram”.
    [sms] Code sent by SMS.
    [call] Code sent by a phone call.
    [email] Code sent by e-mail.
    [fragment] Code sent to the account's Fragment page.
   *[other] Code sent by { $via }.
}
login-code = Code: <code>{ $dots }</code>   expires { TIME($at) }
login-use-buttons = <i>Use the buttons. Telegram cancels codes that are sent in chats.</i>
login-checking-code = ⏳ Checking the code…
login-ask-password = This account has a cloud password.
login-ask-password-hint = This account has a cloud password. Hint: “{ $hint }”.
login-send-password = Send it now as a message. It passes through this chat and is deleted at once; it is stored nowhere.
login-checking-password = ⏳ Checking the cloud password…
login-over = This login is over.
login-done = ✅ { $worker } is { $name }. Its connection is starting.
login-other-version = This login was started by another version. Start it again.
login-lost = ❌ The worker was stopped or restarted in the middle of this login. The old session is untouched. Press 🔐 Authenticate to start again.
login-cancelled = Login cancelled. The old session is untouched.
login-other-admin = Another admin is logging this worker in right now.
login-other-worker = You are logging in { $worker } right now. Finish or cancel that first.
login-bad-phone = ❌ That is not a full number. Use the country code: +49…
login-not-ready = ❌ The worker is not ready for this yet.
login-still-busy = The step before is still under way.
login-typed-code = ❌ Don't send the code as a message: Telegram cancels codes that are sent in chats. Press 🔁 New code, then use the buttons.
login-wrong-code = ❌ Wrong code. Tries left: { $tries }.
login-code-expired = ❌ This code is no longer valid (too old, or it was sent in a chat).
login-wrong-password = ❌ Not right. Tries left before a pause: { $tries }.
login-failed = ❌ { $why }
login-expired = ❌ The worker did not answer in time; nothing was done. Try again.

refusal-phone-invalid = ❌ That is not a full number. Use the country code: +49…
refusal-phone-banned = ❌ Telegram has banned this number. This tool cannot help; write to recover@telegram.org.
refusal-no-account = ❌ No account for this number. This tool does not create accounts.
refusal-phone-flood = ❌ Too many codes asked. Telegram wants a pause; try tomorrow.
refusal-password-flood = ❌ Too many tries. Stop for a day, or reset the password in Telegram.
refusal-too-many-codes = ❌ Too many wrong codes. Start again later, so that Telegram does not block the number.
refusal-too-many-passwords = ❌ Too many wrong passwords. Start again later, so that Telegram does not block the account.
refusal-flood-wait = ❌ Telegram asks to wait until { TIME($until) }.
refusal-flood-later = ❌ Telegram asks to wait. Try again later.
refusal-send-code-unavailable = ❌ No other way to send the code right now.
refusal-api-id = ❌ The API id is not valid for logins; create your own at my.telegram.org.
refusal-update-app = ❌ This library version is too old for Telegram.
refusal-network = ❌ Connection lost, your place is kept. Try again.
refusal-email-setup-needed = ❌ Telegram wants a login e-mail for this account first. Set it up in an official app.
refusal-already-used = ❌ This account is already used by another worker. One session has one owner.
refusal-server = ❌ Telegram has a problem of its own right now. Try again in a moment.
refusal-wrong-step = ❌ That does not fit the step that the login is at.
refusal-timeout = ❌ The login took longer than 10 minutes and was cancelled. The old session is untouched.
refusal-no-login = ❌ This login is no longer under way. Press 🔐 Authenticate to start again.
refusal-qr-expired = ❌ Nobody scanned a code in time. Start again when the second device is at hand.
refusal-cancelled = ❌ The login was cancelled. The old session is untouched.
refusal-other = ❌ Telegram refused: { $detail }.

## Alerts

alert-since = Since { TIME($at) } · { $host } · #A-{ $n }
alert-crash = 🟠 ❌ <b>{ $worker }</b> crashed ({ $how }, after { SPAN($uptime) }{ $times ->
    [one] )
   *[other] { " " }· { $times } times)
}
alert-gave-up = 🔴 ❌ <b>{ $worker }</b> gave up ({ $how }, after { SPAN($uptime) }{ $times ->
    [one] )
   *[other] { " " }· { $times } times)
}
alert-locked = 🟠 💾 <b>{ $worker }</b>: session file in use{ $times ->
    [one] { "" }
   *[other] { " " }· { $times } times
}
alert-needs-login = 🔴 🔑 <b>{ $worker }</b> needs login
alert-key-ended = Telegram ended this session ({ $code }). No restart will be tried.
alert-do-login = Do: press 🔐 Authenticate (about 1 min).
alert-error-line = <code>{ $line }</code>
alert-no-error = <i>It left no error text.</i>
alert-next-restart = Restart in { SPAN($delay) }, at { TIME($at) } ({ $attempt }/{ $limit }).
alert-next-retry = Next try in { SPAN($delay) }, at { TIME($at) }.
alert-next-gave-up = { $attempts ->
    [one] { $attempts } restart
   *[other] { $attempts } restarts
} in { SPAN($window) } did not help. No more tries until you press Restart.
alert-locked-next = It is tried several times a minute, for ever. Nothing is deleted and no crash is counted.
alert-broken = 🔴 🧯 <b>{ $worker }</b>: its session file cannot be used
alert-broken-next = The file is looked at every 30 s; the worker starts by itself when the cause is gone. No restart is tried before.
alert-storage = 🟠 💾 <b>{ $worker }</b>: its session file is slow{ $times ->
    [one] { "" }
   *[other] { " " }· { $times } times
}
alert-storage-wait = “{ $operation }” waited { SPAN($ms) } for the file.
alert-storage-waits = One in twenty writes of the last 5 min waited longer than { $ms } ms.
alert-storage-wal = Its journal is { $mb } MB and cannot be emptied.
alert-storage-wal-held = Its journal is { $mb } MB and cannot be emptied; in the way: <code>{ $holder }</code>
alert-storage-checkpoint = Its journal cannot be emptied: { $why }
alert-storage-do = Look at the disk of the machine: how full, how busy.
alert-next-parked = A restart cannot help. It stays stopped until you act.
alert-next-login = No restart will be tried: only a login helps.
alert-action = 🔄 Restarting… asked by { $by } { TIME($at) }
alert-retried = 🔁 Trying… asked by { $by } { TIME($at) }
alert-solved = ✅ <b>{ $worker }</b> #A-{ $n } solved after { SPAN($ms) } ({ $how })
solved-itself = by itself
solved-command = by { $verb }, { $by }

## Faults, by code where there are words for it, else by class

fault-sqlite-empty = The session file is empty (0 bytes): its content is lost. Put a copy back.
fault-sqlite-not-a-database = The session file is something else, or its beginning was overwritten. Put a copy back.
fault-sqlite-truncated = The session file is shorter than it should be: a part of it is lost. Put a copy back.
fault-sqlite-corrupt = The session file is damaged inside. Put a copy back, and have a look at the disk.
fault-key-unreadable = The key in the session file was changed (its checksum is wrong). Put a copy back, and have a look at the disk.
fault-sqlite-missing = The session file is gone, though there was one. Put a copy back.
fault-sqlite-deleted = Somebody deleted the session file while the worker ran. Find out who, then put a copy back.
fault-sqlite-replaced = Somebody put another file in the place of the session file while the worker ran. Find out who; the worker left it alone.
fault-sqlite-full = The disk is full. Free some space: the worker goes on by itself.
fault-sqlite-readonly = The session file cannot be written to (read-only disk, or permissions). When it can be, the worker goes on by itself.
fault-sqlite-foreign-owner = The session file belongs to another user. Give it back to the user that Flotilla runs as (chown): the worker goes on by itself.
fault-sqlite-cantopen = The session file cannot be opened. Look whether its folder exists and belongs to the user that Flotilla runs as.
fault-sqlite-io = The disk reported an error. Look at the disk and at the system's log.

class-NETWORK = The network failed.
class-TG_SERVER = Telegram's servers have a problem.
class-FLOOD = Telegram asks for a pause.
class-LIMITED = Telegram limits this account.
class-SESSION_LOCKED = Another program has the session file.
class-IN_USE = The session is in use elsewhere.
class-AUTH_DEAD = Telegram ended this session.
class-BANNED = Telegram froze or banned this account.
class-SOURCE = A source cannot be read.
class-GAP = Messages are missing.
class-STUCK = The worker does not answer.
class-CRASH = The worker crashed.
class-OOM = The worker needed too much memory.
class-CONFIG = The configuration is wrong.
class-DB_BROKEN = A database file is damaged.
class-REQUEST = Telegram refused one call.

## Relays

relay-matched = 🔎 Route <b>{ $route }</b> matched: { $because }
relay-matched-any = 🔎 Route <b>{ $route }</b> has a new message
