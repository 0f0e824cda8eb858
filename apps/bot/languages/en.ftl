# Texts of the chat, in Fluent (https://projectfluent.org). How to add or change one: CONTRIBUTING.md.
# Times are shown in the reader's time zone. On live screens, which are edited, the relative one comes first: AGO($at) is
# "3 min ago (12:04:31)", IN($at) "in 23 h (tomorrow, 08:15)", FOR($at) "3 min (since 12:04:31)". In messages that stay as they are
# (alerts, notices, answers) it would soon be false: TIME($at) shows the time of day there, with its date when that is not today,
# CLOCK($at) the same with its time zone, DATE($at) always the date. SPAN($ms) is a length of time such as "3 min".
# Tags such as <b> are Telegram's HTML; texts of buttons have none.

## Units

unit-s = s
unit-min = min
unit-h = h
unit-d = d
away-ago = { $length } ago
away-ago-now = just now
away-in = in { $length }
away-in-short = in under 1 min
away-in-now = now
away-for = { $length } (since { $time })
away-for-short = under 1 min (since { $time })
day-tomorrow = tomorrow, { $time }
day-yesterday = yesterday, { $time }

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
button-look = 🔁 Look again
button-log = 📜 Log
button-retry = 🔁 Retry now
button-backups = 🧯 Backups
button-bnow = 💾 Back up now
button-restore-copy = 🧯 Restore { DATE($at) }
button-restore-yes = 🧯 Restore { $worker }
button-hstop = ⏹ Stop holder
button-hstop-yes = ⏹ Stop process { $pid }
button-resume = ▶️ Resume sending
button-resumeyes = ▶️ Yes, resume sending
button-rules = ♻️ Restart rules
button-ruleset = ↩️ Use the fleet's rules
button-proxy = 🧭 Proxy
button-proxyyes = 🧭 Yes, switch
button-who = 👀 Who holds it?
button-use-phone = Use { $phone }
button-new-code = 🔁 New code
button-new-code-from = 🔁 New code (from { TIME($at) })
button-other-way = 📨 Another way
button-other-way-from = 📨 Another way (from { TIME($at) })
button-qr-instead = 📷 QR instead
button-alerts-count = 🚨 Alerts ({ $count })
button-alerts = 🚨 Alerts
button-logins = 🔐 Logins
button-health = 💾 Health
button-doctor = 🩺 Doctor
button-record = ♻️ Backup of { DATE($at) }
button-recordyes = ♻️ Take it over
button-recordno = 👌 Leave it as it is
button-schedules = 🗓 Schedules
button-schedcron = ⏱ Another time
button-schedrun = ▶️ Run now
button-schedule-on = 🟢 Switch on
button-schedule-off = 💤 Switch off
button-settings = ⚙️ Settings
button-audit = 📒 Audit
button-auditfile = 📄 As a file
button-logfile = 📄 As a file
button-find = 🔎 Find
button-problems = ⚠️ Only problems
button-everybody = 👷 All workers
button-more = ⋯ More
button-mute = 🔕 Mute 1 h
button-unmute = 🔔 Unmute
button-mute-all = 🔕 Mute all 1 h
button-unmute-all = 🔔 Unmute all
button-maintain = ⏸ Maintenance 1 h
button-maintain-off = ▶️ End maintenance
button-rename = ✏️ Rename
button-note = 📝 Note
button-tags = 🏷 Tags
button-delete = 🗑 Delete worker
button-take = ✋ I'll take it
button-these = 🔄 Restart these { $count }
button-first-log = 📜 First log
button-crew = 👷 Show all { $count }
button-hush = 🔕 Mute 4 h
button-test = 🧪 Test alert
button-drill = 🧯 Drill
button-runbook = 📖 What to do
button-alerts-open = Open
button-alerts-taken = Taken
button-alerts-muted = Muted
button-alerts-day = 24 h
button-all-start = ▶️ Start all
button-all-stop = ⏹ Stop all
button-all-restart = 🔄 Restart all
button-yes-start = ▶️ Yes, start them
button-yes-stop = ⏹ Yes, stop them
button-yes-restart = 🔄 Yes, restart them
button-yes-maintenance = ⏸ Yes, stop for maintenance
button-bulkstop = ✋ Stop here
button-quiet = 🌙 Quiet hours
button-zone = 🕰 My time zone
button-zone-off = 🛰 Use the fleet's zone
button-quiet-off = 🔔 No quiet hours
button-together = 📣 Alert everybody at once
button-one-by-one = 👤 Alert one by one
button-admins = 👥 Admins
button-invite-viewer = ➕ Viewer
button-invite-operator = ➕ Operator
button-invite-owner = ➕ Owner
button-unadmin = 🗑 Remove admin
button-level-all = All
button-level-warn = ⚠️ Warnings
button-level-error = ❌ Errors
button-lqr = 📷 QR code
button-lphone = 🔢 Use phone number
button-lfile = 📎 I have a session file
button-luse = ✅ The old program is stopped for good
language-en = English
language-ru = Русский
role-viewer = viewer
role-operator = operator
role-owner = owner

## Answers to presses

toast-schedule-runs = ▶️ It runs
toast-schedule-running = It runs already
toast-queued = ⏳ Queued
toast-asked = ⏳ Asked…
toast-already = Already requested by { $by }
toast-anonymous = You are an anonymous admin of this group, so I cannot see who you are. Turn off “Remain anonymous” for yourself, or use the private chat with me.
toast-stale = This screen is out of date
toast-gone = This worker no longer exists.
toast-login-over = This login has ended. Press 🔐 Authenticate to start again.
toast-login-cancelled = Login cancelled
toast-whole-code = Enter the whole code first.
toast-no-code = No code is needed right now.
toast-refused = You are { $role ->
    [viewer] a viewer
    [operator] an operator
   *[owner] an owner
}; this needs { $needs ->
    [operator] an operator
   *[owner] an owner
}.
toast-alert-over = This alert is over.
toast-taken = ✋ It's yours
toast-taken-already = { $by } already took it
toast-muted = 🔕 Muted until { CLOCK($until) }
toast-unmuted = 🔔 Unmuted
toast-still-mute = 🔔 Its own mute is off. All workers are muted until { CLOCK($until) } (by { $by })
toast-still-maintenance = 🔔 Unmuted. Maintenance holds its alerts until { CLOCK($until) } (by { $by })
toast-maintenance = ⏸ Maintenance until { CLOCK($until) }, then one summary
toast-maintenance-over = ▶️ Maintenance is over
toast-test = 🧪 Test alert sent
toast-drill = 🧯 Drill started
toast-log-gone = These lines are no longer here. Press 🔄 Refresh.
toast-private = Log in from the private chat only.
toast-proxy-private = Only in the private chat with me: your text may hold a password.
toast-invite-private = Only in the private chat with me: everybody here could take the link.
toast-confirm-late = Too late: a confirmation is valid for 30 s. Nothing was done.
toast-bulk-already = Already under way: { $by } requested it { SPAN($ms) } ago
toast-bulk-stopping = ✋ Stops after the current worker
no-such-worker = No worker matches “{ $name }”.
mute-done = 🔕 { $names }: muted for { SPAN($ms) }, until { CLOCK($until) }
unmute-done = 🔔 { $names }: unmuted
mute-all-done = 🔕 All { $count } workers: muted for { SPAN($ms) }, until { CLOCK($until) }
unmute-all-done = 🔔 Everything is unmuted: every worker and every alert.
mute-still-maintenance = But maintenance holds the alerts until { CLOCK($until) } (by { $by }).
mute-still-mute = But all workers are muted until { CLOCK($until) } (by { $by }). /mute all off ends that.
mute-which = “{ $name }” matches { $count } workers: { $names }. No worker was muted. For one worker, send its full name: <code>/mute { $name }… { $time }</code>. For all of them: <code>/mute { $name }* { $time }</code>
mute-usage = Examples: <code>/mute news_1 2h</code>, <code>/mute #eu 1d</code>, <code>/mute all 30m</code>, <code>/mute all off</code>
here-opened = This chat now gets every alert. Logins stay in the private chat. /here off closes it.
here-closed = Closed: this chat gets no more alerts.
here-only-groups = /here is for a group or topic that should get the alerts.
login-in-private = Log in from the private chat only: { $link }

## Why nothing was done

problem-redis-hangs = ❌ { why-redis-hangs } It may still be done within a minute.
problem-redis-silent = ❌ { why-redis-silent } Nothing was done; try again in a moment.
problem-redis-gone = ❌ { why-redis-gone } Nothing was done; try again in a moment.
problem-redis-no-name = ❌ { why-redis-no-name } Nothing was done; try again in a moment.
problem-redis-memory = ❌ { why-redis-memory } Nothing was done; try again in a moment.
problem-redis-read-only = ❌ { why-redis-read-only } Nothing was done; try again in a moment.
why-redis-no-replica = No replica of Redis confirms what is written. Do: look at the replicas and the network between them.
problem-redis-no-replica = ❌ { why-redis-no-replica } So nothing was done. Try again in a moment.
problem-redis-disk = ❌ { why-redis-disk } Nothing was done; try again in a moment.
problem-redis-loading = ❌ { why-redis-loading } Nothing was done; try again in a moment.
problem-redis-busy = ❌ { why-redis-busy } Nothing was done; try again in a moment.
problem-redis-password = ❌ { why-redis-password } Nothing was done; try again in a moment.
problem-redis-permission = ❌ { why-redis-permission } Nothing was done; try again in a moment.
problem-redis-full = ❌ { why-redis-full } Nothing was done; try again in a moment.
problem-redis-away = ❌ { why-redis-away } It may still be done within a minute.
problem-not-sent = ❌ The command could not be sent.
problem-no-worker = This worker no longer exists.
problem-sqlite-locked = Another program has the session file.
problem-not-connected = The account is not connected right now.
problem-no-such-worker = Its host does not know this worker. Press ▶️ Start to set it up there.
problem-host-error = The supervisor could not do it; its log says why.
problem-login-busy = The previous step is still running.

## Commands of the menu, and help

command-menu = Fleet summary
command-workers = Worker list
command-cancel = Cancel a login or a question
command-help = What the buttons do
help =
    🛰 Flotilla runs your Telegram sessions.

    👷 Workers → a worker → 🔄 Restart, ⏹ Stop, 🔐 Authenticate, 📜 Log.
    ➕ Add makes a new worker; 🔐 Authenticate logs its account in.
    When a worker crashes, you get a message with the buttons that help.
help-start = <code>/start</code> – the menu; <code>/start news_1</code> opens a worker
help-menu = <code>/menu</code> – the whole fleet at a glance
help-workers = <code>/workers</code> – the worker list
help-status = <code>/status news_1</code> – one worker; part of its name is enough
help-restart = <code>/restart news_1</code> – restarts it
help-stop = <code>/stop news_1</code> – stops it
help-who = <code>/who news_1</code> – which process holds its session
help-logs = <code>/logs news_1</code> – its log
help-login = <code>/login news_1</code> – logs its account in
help-proxy = <code>/proxy news_1</code> – sets its proxy
help-mute = <code>/mute news_1 2h</code>, <code>/mute #eu 1h</code>, <code>/mute all off</code> – alerts without sound, and with sound again
help-alerts = <code>/alerts</code> – open alerts, worst first
help-health = <code>/health</code> – Redis, Telegram and the hosts
help-doctor = <code>/doctor</code> – checks what could go wrong
help-schedules = <code>/schedules</code> – copies, self-checks, restart at night
help-settings = <code>/settings</code> – language, quiet hours, admins
help-cancel = <code>/cancel</code> – cancels a login or a question
help-here = <code>/here</code> – in a group: it gets every alert; <code>/here off</code> ends that
help-help = <code>/help</code> – this text
help-end = A worker's name alone, such as <code>news_1</code>, opens it.
unknown-command = There is no command /{ $name }. /help lists them all.
unknown-command-near = There is no command /{ $name }. Did you mean /{ $near }? /help lists them all.
command-of-another = That command names another bot. For me, send just /{ $name }.
unknown-text = I do not understand “{ $text }”: no question is open, and no worker has that name. /help lists what I know.
command-status = One worker: /status news_1
command-restart = Restart one: /restart news_1
command-logs = Log of one: /logs news_1
command-mute = Mute: /mute news_1 1h, /mute all 1h
command-alerts = Alerts
command-health = Health
command-doctor = Check what could go wrong
command-schedules = Schedules
command-settings = Settings

## Every screen

updated = <i>updated { CLOCK($at) }</i>
old-card = <i>⬇️ There is a newer message below.</i>
redis-away = 🔌 Redis is away: this is the last known state.
why-redis-hangs = Redis hangs: it accepts connections but answers nothing. Do: check its machine (stopped process, slow disk, CLIENT PAUSE).
why-redis-silent = Nothing answers at the Redis address. Do: check that its machine is on, and the network and firewall in between.
why-redis-gone = Redis is not running: its port refuses connections. Do: start it, or correct REDIS_URL.
why-redis-no-name = The Redis host name cannot be resolved. Do: correct REDIS_URL, or check DNS.
why-redis-memory = Redis is out of memory and accepts no new data. Do: raise maxmemory, or free some memory.
why-redis-read-only = Redis is a read-only replica. Do: point REDIS_URL at the master.
why-redis-disk = Redis cannot write to its disk, so it accepts no new data. Do: free some space there, and check its log.
why-redis-loading = Redis is still loading its data. Do: wait until it is done.
why-redis-busy = Redis is busy with one long script. Do: wait, or stop it with SCRIPT KILL.
why-redis-password = Redis rejects the user or the password. Do: correct them in REDIS_URL.
why-redis-permission = The user in REDIS_URL is not allowed to do this in Redis. Do: give it the rights listed in docs/safety.md.
why-redis-full = Redis accepts no more connections. Do: raise maxclients, or stop programs that hold many.
why-redis-away = Redis cannot be reached. Do: check that it runs, and that the bot's machine can reach it.
silence-mute = 🔕 Muted by { $by }, ends { IN($until) }
silence-maintenance = ⏸ Maintenance by { $by }, ends { IN($until) }

## Main menu

menu-title = 🛰 <b>Fleet</b> · { $count ->
    [one] { $count } worker
   *[other] { $count } workers
}
menu-empty = No workers yet. Press ➕ Add to make the first one.
menu-last = Last message { AGO($at) } · { $alerts ->
    [0] no open alerts
    [one] { $alerts } open alert
   *[other] { $alerts } open alerts
}
menu-last-none = No messages yet · { $alerts ->
    [0] no open alerts
    [one] { $alerts } open alert
   *[other] { $alerts } open alerts
}
menu-count = { $icon } { $count } { $state }
menu-not-reported = not reported

## Workers

workers-title = 👷 <b>Workers</b> { $from }–{ $to } of { $count }
workers-none = 👷 <b>Workers</b>: none yet. Press ➕ Add to make the first one.
workers-not-found = 👷 <b>Workers</b>: nothing found for “{ $find }”
workers-no-problem = 👷 <b>Workers</b>: no problems ✅
worker-not-reported = not reported by { $host }
worker-next = next try { IN($at) }
workers-found = matching “{ $find }”
worker-day = { $count ->
    [one] { $count } message in 24 h
   *[other] { $count } messages in 24 h
}

## A new worker

add-title = ➕ <b>New worker</b>
add-ask = Send a name, such as news_1.
add-rule = <i>1 to 32 characters of a-z, 0-9, _ and -, starting with a letter.</i>
add-bad-name = Names have 1 to 32 characters of a-z, 0-9, _ and -, and start with a letter.
add-taken = There is already a worker named { $worker }.
ask-find = 🔎 Send part of a name, or a tag.
ask-rename = ✏️ Send a display name for <b>{ $worker }</b>, or - to remove it. Its files keep their name.
ask-note = 📝 Send a note for <b>{ $worker }</b>, up to 200 characters, or - to remove it. Everybody who can see the card can read it.
ask-note-bad = That is { $length } characters. The limit is { $max }.
ask-proxy = 🧭 Send the proxy for <b>{ $worker }</b>: <code>socks5://user:password@host:port</code>, <code>socks4://host:port</code>, <code>http://user:password@host:port</code>, <code>mtproxy://secret@host:port</code>, <code>host:port:user:password</code> (SOCKS5), or a t.me/proxy link. Or <code>off</code>, to connect as its host does. Your message is deleted at once.
ask-proxy-bad = I cannot read that as a proxy. Send it in one of these forms; https:// proxies are not supported.
ask-proxy-away = The worker is not running. Start it first.
ask-tags = 🏷 Send the tags for <b>{ $worker }</b>, such as: news eu. Or - for none.
ask-schedcron =
    ⏱ Send the time, such as <code>04:30</code> for every day, or a cron pattern of minute, hour, day, month and weekday, such as <code>30 4 * * 1-5</code>. It counts in your time zone.
ask-schedcron-bad = I cannot read that as a time: { $why } Examples: 04:30, or 30 4 * * 1-5
ask-quiet = 🌙 Send the hours when only red alerts come through, such as 22:00-07:00 (in the fleet's time zone).
ask-zone =
    🕰 Which time zone are you in? Send a city such as <code>Berlin</code> or <code>America/New_York</code>, an offset such as <code>+3</code> or <code>UTC+05:30</code>, or your time right now, such as <code>14:35</code>.

    It applies only to your private chat with this bot. An offset or a time ignores daylight saving time; a city follows it.
ask-zone-bad = I know no such city, offset or time. Examples: Berlin, +3, 14:35
ask-quiet-bad = That is not a time range. Example: 22:00-07:00
ask-delete =
    🗑 <b>{ $worker }</b> will be stopped and removed from the list. Its session file and backups stay in the data folder.

    Telegram is not told: to end its login as well, press 🚪 Log out first.

    To delete it, send its name within 30 s.
ask-delete-bad = That is not its name. Nothing was done.

## A question that is open while another screen is shown

question-open = ❔ Still waiting for: { $asked }. Send it, or /cancel.
question-open-of = ❔ Waiting for { $name } to send: { $asked }. Send it, or /cancel.
question-worker-name = the name of the new worker
question-find = what to find
question-rename = the new name of <b>{ $worker }</b>
question-note = the note of <b>{ $worker }</b>
question-tags = the tags of <b>{ $worker }</b>
question-delete = the name of <b>{ $worker }</b>, to delete it
question-quiet = the quiet hours
question-rwiz = the next step of your route
question-since = the start date for old messages of <b>{ $worker }</b>
question-proxy = the proxy of <b>{ $worker }</b>
question-zone = your time zone

## Worker Details

details-gone = The worker <b>{ $worker }</b> no longer exists.
details-silent = Its host { $host } has not reported it. If the supervisor runs there, it does not know this worker: ▶️ Start adds it again.
details-account = Account: { $name } · id …{ $id }
details-no-account = Account: not logged in
details-process-only = pid { $pid }
details-process = pid { $pid } · up for { FOR($at) }
details-no-process = no process
details-status = <b>Status:</b> { $state } · for { FOR($since) }
details-status-next = <b>Status:</b> { $state } · for { FOR($since) } · next try { IN($at) }
details-network-held = 🔌 Waiting for its host's network; <b>{ $prober }</b> is testing it.
details-network-prober = 🔌 No worker of this host has a network; this one is testing it for all.
details-failures = <b>Failures:</b> { $failures }   <b>Reconnects:</b> { $reconnects }
details-last-success = <b>Last Success:</b> { AGO($at) }
details-last-success-never = <b>Last Success:</b> never
details-counts = Messages seen { $messages } · Restarts { $crashes }/{ $limit }
details-sources = 📡 Sources { $count }{ $quiet ->
    [0] {""}
   *[other] {" "}· { $quiet } quiet
}{ $closed ->
    [0] {""}
   *[other] {" "}· { $closed } closed
}
details-day = 24 h: { $received } received · { $relayed } relayed
details-day-waits = { $count ->
    [one] { $count } flood wait ({ SPAN($ms) })
   *[other] { $count } flood waits (longest { SPAN($ms) })
}
details-storage = 💾 lock waits { $waits } · longest hold { $hold } ms · journal { $kb } KB
details-checkpoint = emptied { AGO($at) }
details-outage = 🔍 Back after { $how ->
    [offline] { SPAN($ms) } offline
   *[update] an outage (last update { SPAN($ms) } before)
}: missed { $missed }, recovered { $recovered }, lost { $lost } · { AGO($at) }
details-outage-lost = ⚠️ 🔍 Back after { $how ->
    [offline] { SPAN($ms) } offline
   *[update] an outage (last update { SPAN($ms) } before)
}: missed { $missed }, recovered { $recovered }, <b>lost ≥ { $lost }</b> · { AGO($at) }
details-reading-waits = ⏳ Missed messages can be fetched { IN($at) }: { $method } has to wait. New messages still arrive; a restart does not shorten the wait.
details-sending-stopped = ⛔ Sending stopped: Telegram answered { $reason }. Reading continues. Check @SpamBot, then press ▶️ Resume sending.
details-sending-waits = ⏳ Sending resumes { IN($at) }: Telegram asked for a pause. A restart does not shorten it.
details-sending-halved = 🐢 Sends at most { $rate } a minute after three pauses within an hour; the usual rate returns { IN($at) }.
resume-ask = ▶️ Let <b>{ $worker }</b> send again?
resume-meaning = Telegram answered { $reason }: people reported this account as spam, or it wrote to too many strangers. Check @SpamBot with this account first. Sending during the limit makes it longer and can end in a ban.
resume-frozen = Telegram answered { $reason }: this account is frozen. Appeal in the Telegram app first; until then Telegram refuses every call, and sending stops again.
resume-effect = Waiting messages go out at the usual rate. Pauses that Telegram asked for still apply.
resume-nothing = Nothing stops <b>{ $worker }</b> from sending.
proxy-ask = 🧭 Connect <b>{ $worker }</b> to Telegram through <code>{ $way }</code> from now on?
proxy-off-ask = 🧭 Connect <b>{ $worker }</b> to Telegram as its host does from now on?
proxy-effect = It reconnects at once. If the proxy fails, the worker waits: no connection bypasses it. Telegram will see another address.
details-way-own = 🧭 Through <code>{ $way }</code>
details-way-host = 🧭 Through <code>{ $way }</code> (its host's proxy)
details-closed-chats = 🔒 Closed chats: { $chats }
details-not-logged-in = 🔑 Not logged in yet. Press 🔐 Authenticate (about 1 min).
details-fault = ⚠️ { $text } <i>({ $class }, { $code })</i>
details-do-login = Do: press 🔐 Authenticate (about 1 min). Missed messages are fetched afterwards.
details-do-banned = Do: appeal in the Telegram app, or write to recover@telegram.org.
details-do-gave-up = Do: check 📜 Log, then press 🔄 Restart: the count starts again from 0.
details-alerts = 🚨 { $count ->
    [one] { $count } open alert
   *[other] { $count } open alerts
}
details-note = 📝 { $note }
details-vitals = Memory { $mb } MB · event loop lag up to { $lag } ms
more-title = ⋯ <b>{ $name }</b>
more-tags = Tags: { $tags }
more-no-tags = none
more-help = <i>Renaming changes what people see, not the files. Deleting asks for the name.</i>

## A command on its way, on cards

asked-by = requested by { $by } at { TIME($at) }
doing-start = ▶️ Starting…
doing-stop = ⏹ Stopping…
doing-restart = 🔄 Restarting…
doing-check = 🩺 Checking…
doing-backup = 💾 Backing up…
doing-restore = 🧯 Restoring the copy…
doing-stop-holder = ⏹ Stopping the holder…
doing-retry = 🔁 Trying…
doing-forget = 🗑 Deleting…
doing-who = 👀 Checking…
doing-other = ⏳ Working…
doing-slow = Still working ({ SPAN($ms) }).
done-start = ✅ Started { AGO($at) }
done-stop = ✅ Stopped { AGO($at) }
done-restart = ✅ Restarted { AGO($at) }
done-retry = ✅ Tried again: running { AGO($at) }
done-check = ✅ Checked: Telegram answered { AGO($at) }
done-backup = ✅ Copy made, opened and checked { AGO($at) }
done-restore = ✅ Copy restored { AGO($at) }
done-remove-session = ✅ Session moved to the backups { AGO($at) }
done-stop-holder = ✅ That process is gone { AGO($at) }
done-who = 👀 The host answered { AGO($at) }
done-other = ✅ Done { AGO($at) }
not-done = ❌ Not done: { $why }
no-answer = ❌ No answer from the supervisor; nothing was done. Is it running?
why-unknown = unknown reason
why-code = refused ({ $code })
problem-worker-runs = The worker is running: stop it first.
problem-given-up = It failed three times.
problem-unexpected = Something unexpected happened; the log has the details.
problem-stopped = It was stopped before it was ready.
problem-not-ours = Flotilla did not start that program, so it does not stop it.
problem-still-there = That process does not exit.
problem-nothing-to-back-up = There is no session to copy yet.
problem-session-in-use = Another program has the session.
problem-call-timeout = Telegram did not answer in time.
problem-link-lost = The connection was lost in the meantime.
problem-gave-up = It gave up.

## Who has the session file

holder-ours = 👀 Held by pid { $pid } <code>{ $command }</code> (user { $user }, { $state }{ $since }), started by Flotilla.
holder-not-ours = 👀 Held by pid { $pid } <code>{ $command }</code> (user { $user }, { $state }{ $since }). I do not stop programs I did not start.
holder-since = , since { TIME($at) }
holder-hidden = (command not visible)
holder-ask =
    ⏹ <b>Stop the process that holds the session of { $worker }?</b>
    pid { $pid } <code>{ $command }</code> (user { $user }, { $state }{ $since })
holder-effect = Flotilla started it, and checks it again just before the signal: if it is another program by then, or no longer has the file, nothing is stopped. The button works for 30 s.
who-title = 👀 Checked { AGO($at) }. These have the session file open:
who-unseen = 👀 Checked { AGO($at) }. No program has the session file open.
who-ours = • pid { $pid } <code>{ $command }</code> (user { $user }, { $state }{ $since }), started by Flotilla
who-not-ours = • pid { $pid } <code>{ $command }</code> (user { $user }, { $state }{ $since }), not started by Flotilla: end it yourself
who-hidden = ⚠️ Not every program can be seen from here. Check on the machine: <code>sudo fuser -v</code> with the path of the file.
holder-gone = That process no longer has the session file, or Flotilla did not start it. Nothing was stopped.
process-running = running
process-stopped = stopped
process-zombie = ended, not yet cleaned up
process-unknown = not visible

## Copies of a session

backups-title = 🧯 <b>Backups of { $worker }</b>
backups-fetching = ⏳ Opening and checking each copy…
backups-again = <i>Press 🔄 Refresh to check again.</i>
backups-none = There are no copies yet. One is made before each login and one after it.
backups-line = • { AGO($at) } · { $why } · { $size } KB · { $state }
backups-no-help = None of these copies can bring a login back: they have the same key as the session, or do not open. If the login is gone, only 🔐 Authenticate helps.
backups-stop-first = To restore a copy, stop the worker first.
backups-choose = Press a copy to restore it. You are asked once more.
copy-verified = ✓ verified
copy-damaged = ✗ damaged
copy-unreadable = ✗ cannot be read right now
copy-in-use = ✗ open in another program
copy-no-key = ✗ has no login
copy-other-fleet-key = ✗ encrypted with another FLEET_KEY
copy-same-key = same key as now
reason-manual = by hand
reason-scheduled = scheduled
reason-before-login = before a login
reason-before-restore = before a restore
reason-before-upgrade = before an upgrade
reason-old-golden = after an earlier login
reason-golden = ⭐ after the last login
reason-trash = taken out of use
reason-damaged = the damaged file
restore-ask =
    🧯 <b>Restore this copy for { $worker }?</b>
    { AGO($at) } · { $why }
restore-effect = The current session goes to the trash and can be restored in the same way. If the worker is meant to run, it starts again. The button works for 30 s.
restore-gone = This copy is no longer in the list. Nothing was changed.

## Log

log-title = 📜 <b>Log of { $worker }</b>
log-fetching = ⏳ Fetching…
log-again = <i>Press 🔄 Refresh to fetch the lines again.</i>
log-no-answer = ❌ No answer from the supervisor. Is it running?
log-empty = <i>Nothing has been logged yet.</i>
log-none-of-level = <i>None in the last lines.</i>

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
    [sms-word] Telegram sent a word by SMS. This keypad cannot enter it, and Telegram cancels words that are sent in chats.
    [sms-phrase] Telegram sent a phrase by SMS. This keypad cannot enter it, and Telegram cancels phrases that are sent in chats.
    [call] A phone call will read out the code.
    [flash-call] A phone call will ring and hang up: the code is the last digits of its number.
    [missed-call] A phone call will ring and hang up: the code is the last digits of its number.
    [email] Code sent by e-mail, to the account's login address.
    [email-setup] Telegram sends this account no code until it has a login e-mail. Set one up in an official app.
    [fragment] Code sent to the account's page on fragment.com.
    [firebase] Telegram delivers this code to official apps only.
   *[unknown] Telegram delivers this code in a way that this version does not know.
}
login-code = Code: <code>{ $dots }</code>   expires { IN($at) }
login-use-buttons = <i>Use the buttons. Telegram cancels codes that are sent in chats.</i>
login-checking-code = ⏳ Checking the code…
login-ask-password = This account has a cloud password.
login-ask-password-hint = This account has a cloud password. Hint: “{ $hint }”.
login-send-password = Send it now as a message. The message passes through this chat and is deleted at once; the password is not stored.
login-checking-password = ⏳ Checking the cloud password…
login-over = This login has ended.
login-done = ✅ { $worker } is { $name }. It is connecting now.
login-other-version = Another version of Flotilla started this login. Start it again.
login-lost = ❌ The worker stopped or restarted in the middle of this login. The old session is untouched. Press 🔐 Authenticate to start again.
login-cancelled = Login cancelled. The old session is untouched.
login-other-admin = Another admin is logging this worker in right now.
login-other-worker = You are logging in { $worker } right now. Finish or cancel that first.
login-bad-phone = ❌ That is not a full number. Use the country code: +49…
login-not-ready = ❌ The worker is not ready for this yet.
login-still-busy = The previous step is still running.
login-typed-code = ❌ Don't send the code as a message: Telegram cancels codes that are sent in chats. Press 🔁 New code, then use the buttons.
login-no-keys = Log in by QR code instead.
login-no-keys-other = Log in by QR code instead, or ask for a code another way.
login-typed-word = ❌ Don't send it as a message: Telegram cancels what is sent in chats. Ask for a new code, or log in by QR code.
login-wrong-code = ❌ Wrong code. Tries left: { $tries }.
login-code-expired = ❌ This code is no longer valid (too old, or it was sent in a chat).
login-wrong-password = ❌ Wrong password. Tries left before a pause: { $tries }. If it begins or ends with a space, or has quotes around it, put it in quotes.
login-failed = ❌ { $why }
login-expired = ❌ The worker did not answer in time; nothing was done. Try again.

refusal-phone-invalid = ❌ That is not a full number. Use the country code: +49…
refusal-phone-banned = ❌ Telegram has banned this number. Flotilla cannot help; write to recover@telegram.org.
refusal-no-account = ❌ This number has no account. Flotilla does not create accounts.
refusal-phone-flood = ❌ Too many code requests. Telegram wants a pause; try again tomorrow.
refusal-password-flood = ❌ Too many tries. Wait a day, or reset the password in Telegram.
refusal-too-many-codes = ❌ Too many wrong codes. Start again later, so that Telegram does not block the number.
refusal-too-many-passwords = ❌ Too many wrong passwords. Start again later, so that Telegram does not block the account.
refusal-flood-wait = ❌ Telegram asks for a pause. Try again { IN($until) }.
refusal-flood-later = ❌ Telegram asks for a pause. Try again later.
refusal-send-code-unavailable = ❌ There is no other way to send the code right now.
refusal-api-id = ❌ Telegram does not accept this API_ID for logins; create your own at my.telegram.org.
refusal-update-app = ❌ Telegram no longer accepts logins from this version. Update Flotilla.
refusal-network = ❌ Connection lost. Your place is kept: try again.
refusal-email-setup-needed = ❌ Telegram wants a login e-mail for this account first. Set it up in an official app.
refusal-already-used = ❌ Another worker already uses this account. One account has one worker.
refusal-server = ❌ Telegram has a problem of its own right now. Try again in a moment.
refusal-wrong-step = ❌ That does not fit the current step of the login.
refusal-timeout = ❌ The login took longer than 10 minutes and was cancelled. The old session is untouched.
refusal-no-login = ❌ This login has ended. Press 🔐 Authenticate to start again.
refusal-qr-expired = ❌ The QR code was not scanned in time. Start again with the second device at hand.
refusal-cancelled = ❌ The login was cancelled. The old session is untouched.
refusal-failed = ❌ That did not work; the worker's log says why. Try again.
refusal-other = ❌ Telegram refused: { $detail }.
login-ask-session =
    📎 Send the session: a .session file of Telethon, Pyrogram or Kurigram (up to 20 MB), or a session string of GramJS, Telethon or Pyrogram as text.
    Your message is deleted at once. The session passes through this chat, goes sealed to the worker, and is stored nowhere else.
login-reading-session = ⏳ Checking the session…
login-taking-session = ⏳ Putting the session in place…
login-session-found = Found { $format ->
    [telethon-file] a Telethon session file
    [telethon-string] a Telethon session string
    [pyrogram-file] a Pyrogram session file
    [pyrogram-string] a Pyrogram session string
    [gramjs-string] a GramJS session string
    [mtcute-file] an mtcute session file
    [mtcute-string] an mtcute session string
    [flotilla-file] a session file of Flotilla
   *[other] a session ({ $format })
}. Account: { $account }.
login-session-unknown = not named in it; the first connection will tell
login-session-resumes = Updates continue where the old program stopped.
login-session-fresh = Updates start with the first connection: this format does not record where the old program stopped.
login-session-api = It was made with API_ID { $api }; this fleet uses another one. Telegram ties a session to its API_ID: use the same one if you can.
login-session-warning = ⚠️ <b>The old program must stop for good.</b> Telegram ends a session that two programs use. Is it stopped, and will nothing start it again?
login-session-taken = ✅ The session is now { $worker }'s. Its first connection checks the account. Never start the old program with it again.
login-session-too-large = ❌ That file is larger than 20 MB, the most a bot can receive. Import it on the machine: flotilla import.
login-session-not-fetched = ❌ The file could not be downloaded from Telegram. Send it again.
session-unasked = I deleted that session file: it gives full access to the account. To use it, open the worker, press 🔐 Authenticate, then 📎, and send it again.
login-elsewhere = ⚠️ A login is waiting for a secret from you in the private chat. I deleted your message here, in case it was meant for that. Send the secret there.
login-not-deleted = ⚠️ I could not delete your message. Delete it yourself, now.
session-not-deleted = ⚠️ I could not delete the message with your session. Delete it yourself, now: it gives full access to the account.
refusal-already-used-by = ❌ This account already belongs to the worker { $who }. One account has one worker.
refusal-parcel-gone = ❌ The session got lost on its way. Send it again.
refusal-session-duplicate = ❌ This session or its account already belongs to the worker { $who }. One account has one worker: use that one, or remove its session first.
refusal-session-neighbour-unknown = ❌ The worker { $who } has its session open and has not said which account it is. Restart it, then send this again.
refusal-session-owned = ❌ Another Flotilla on the worker's machine is using this session. Stop that one first, then send this again.
refusal-import-bot = ❌ This session belongs to a bot. Flotilla runs user accounts only; a bot needs just its token.
refusal-import-damaged = ❌ The file is damaged or was cut short. Copy it again while the old program is stopped.
refusal-import-malformed = ❌ This looks like a session, but part of it is wrong or missing. Copy it again, all of it.
refusal-import-media-dc = ❌ This key is for a data centre that only serves files. It is not an account's session.
refusal-import-not-logged-in = ❌ This session has no key: the old program never finished its login. Log in here, by phone or QR code.
refusal-import-other-fleet-key = ❌ This session was encrypted with another FLEET_KEY. Export it where it was made: flotilla export.
refusal-import-tdata = ❌ This is Telegram Desktop's own folder (tdata), which Flotilla cannot import. Log in by QR code instead; Telegram Desktop stays logged in.
refusal-import-test-server = ❌ This session was made on Telegram's test servers. It does not exist on the real ones.
refusal-import-unknown-format = ❌ I do not recognise this as a session. I read .session files of Telethon, Pyrogram and Kurigram, and session strings of GramJS, Telethon, Pyrogram and mtcute.
login-qr-asking = ⏳ Asking Telegram for a QR code…
login-qr =
    📷 Scan the picture with the Telegram app of this account: Settings → Devices → Link Desktop Device.
    New picture at { TIME($at) } ({ $count }). You need a second device; with only one phone, use the phone number.
login-qr-caption = Telegram → Settings → Devices → Link Desktop Device
login-unanswered = { $worker } did not answer in time. Check that it is running (👷 Worker Details), then try again.
login-again = The bot restarted in the middle of this step. Your place is kept: do the step again.

## Asking once more

confirm-all = { $count ->
    [one] the only worker
   *[other] all { $count } workers
}
confirm-tag = { $count ->
    [one] { $count } worker
   *[other] { $count } workers
} tagged #{ $tag }
confirm-these = { $count ->
    [one] the worker of #A{ $n }
   *[other] the { $count } workers of #A{ $n }
}
confirm-start = ▶️ Start <b>{ $name }</b>? One at a time; if the first one fails, the others stay as they are.
confirm-stop = ⏹ Stop <b>{ $name }</b>? Nothing is read or relayed until you start them again. Sessions stay.
confirm-restart = 🔄 Restart <b>{ $name }</b>? One at a time; if the first one fails, the others are left alone.
confirm-maintenance = ⏸ Stop <b>{ $name }</b> for maintenance? No alerts until it ends.
confirm-limit = <i>The button works until { TIME($at) }.</i>

## Many workers at once

bulk-gone = There is no record of this any more.
bulk-title-start = ▶️ <b>Start { $count ->
    [one] { $count } worker
   *[other] { $count } workers
}</b>
bulk-title-stop = ⏹ <b>Stop { $count ->
    [one] { $count } worker
   *[other] { $count } workers
}</b>
bulk-title-restart = 🔄 <b>Restart { $count ->
    [one] { $count } worker
   *[other] { $count } workers
}</b>
bulk-title-maintenance = ⏸ <b>Maintenance of { $count ->
    [one] { $count } worker
   *[other] { $count } workers
}</b>
bulk-running = Under way: { $done } done, { $failed } not OK, { $left } to go.
bulk-stopping = Stopping after the current worker: { $done } done, { $failed } not OK, { $left } untouched.
bulk-done = { $done ->
    [one] ✅ Done.
   *[other] ✅ All { $done } done.
}
bulk-incomplete = ⚠️ Ended: { $done } done, { $failed } not OK, { $left } untouched.
bulk-end-login = 🔑 { $count ->
    [one] { $count } waits
   *[other] { $count } wait
} for a login:
bulk-end-connecting = 🔄 { $count } not on Telegram yet:
bulk-end-locked = 💾 { $count } locked, session in use:
bulk-end-stuck = ❌ { $count }: { $reason }:
bulk-end-failed = ❌ { $count } failed ({ $reason }):
bulk-end-left = ▫️ { $count } untouched:
bulk-current = Now: { $workers }
bulk-canary = <i>The first one is a trial: the others wait for it.</i>
bulk-canary-failed = The first one did not come up, so the others were left alone.

## Rolling restart

button-roll = 🔄 Rolling restart
button-rollyes = 🔄 Restart all, one by one
button-rollstop = ✋ Stop here
toast-roll-stopping = ✋ Stops after the step in hand
audit-roll = began a rolling restart
roll-title = 🔄 <b>Rolling restart</b>
roll-ask = Restarts everything, one part after the other. If the trial fails, nothing else is touched.
roll-nothing = Nothing can be restarted from here.
roll-plan-trial = Trial: <b>{ $worker }</b> restarts and must run for { SPAN($ms) }.
roll-plan-workers = { $host }: { $count ->
    [one] { $count } worker. It is away for some seconds.
   *[other] { $count } workers, one by one. Each is away for some seconds.
}
roll-plan-supervisor = { $host }: the supervisor, because its disk has { $to } and it runs { $from }. { $count ->
    [0] It has no worker that runs.
    [one] Its { $count } worker is away for about { SPAN($ms) }.
   *[other] Its { $count } workers are away together for up to { SPAN($ms) }.
}
roll-plan-bot = The bot comes last: the chat answers some seconds later.
roll-promise = Presses and messages meanwhile are kept: each is answered or delivered once.
roll-step-trial = Trial: { $worker } on { $host }
roll-step-workers = { $host }: { $count ->
    [one] { $count } worker
   *[other] { $count } workers
}
roll-step-supervisor = { $host }: supervisor with { $count ->
    [one] { $count } worker
   *[other] { $count } workers
}, { $from } → { $to }
roll-step-bot = The bot
roll-left-silent = <b>{ $host }</b> is left out: it is not heard of.
roll-left-not-kept = <b>{ $host }</b> is left out: its disk has other code than it runs, and nothing starts its supervisor again when it ends. Restart it by hand, or see docs/deploy (FLOTILLA_KEPT_BY).
roll-left-not-installed = <b>{ $host }</b> is left out: the code on its disk needs packages that are not installed. Run there: <code>npm ci</code>
roll-left-login = <b>{ $host }</b> is left out: a login is under way there.
roll-left-older = The supervisor of <b>{ $host }</b> stays: it is of an older version. Restart it by hand.
roll-left-bot-not-kept = The bot stays: nothing starts it again when it ends.
roll-left-bot-not-installed = The bot stays: the code on its disk needs packages that are not installed. Run there: <code>npm ci</code>
roll-running = Under way. You can leave this screen.
roll-stopping = Stopping after the step in hand.
roll-failed-workers = Not back ({ $reason }):
roll-done = Run again: { $what }. It took { SPAN($ms) }.
roll-count-workers = { $count ->
    [one] { $count } worker
   *[other] all { $count } workers
}
roll-count-supervisors = { $count ->
    [one] { $count } supervisor
   *[other] { $count } supervisors
}
roll-count-bot = the bot
roll-nothing-lost = Nothing was lost.
roll-lost = ⚠️ Messages were lost meanwhile: 🔔 Alerts says which.
roll-stopped = ✋ Stopped after { SPAN($ms) }. What has no ✅ is as it was.
roll-end-trial-failed = The trial failed: { $worker } did not start. Nothing else was touched.
roll-end-trial-not-running = The trial failed: { $worker } started and does not run. Nothing else was touched.
roll-end-trial-fell = The trial failed: { $worker } ran and fell again. Nothing else was touched.
roll-end-none-came = No worker of { $host } came back. The rest was not touched.
roll-end-no-answer = { $host } did not finish. The rest was not touched.
roll-end-supervisor-away = <b>The supervisor of { $host } did not come back: its workers are off Telegram.</b> Run there: <code>{ $command }</code>. The rest was not touched.
roll-end-supervisor-same = The supervisor of { $host } did not end. Its workers run. The rest was not touched.
roll-end-bot-same = The bot did not end. All else runs again.

## Logins

logins-title = 🔐 <b>Logins</b> ({ $count })
logins-none = not logged in
logins-proof = Telegram answered { AGO($at) }
logins-no-proof = no answer from Telegram yet

## Health

health-title = 💾 <b>Health</b>
health-locks = { $count ->
    [0] No lock errors (7 d)
    [one] { $count } lock error (7 d)
   *[other] { $count } lock errors (7 d)
}
health-alerts = Alerts { $sent } sent, { $delivered } delivered
health-running = Workers running { $running }/{ $wanted }
health-owned = { $count ->
    [0] Every session has one owner
    [one] { $count } session is held by another program
   *[other] { $count } sessions are held by other programs
}
health-redis = Redis answers ({ $ms } ms)
health-backup = Backup of { $host }: { AGO($at) }, { $mb } MB, { $workers ->
    [one] { $workers } session
   *[other] { $workers } sessions
}
health-own-folder = the bot’s folder
health-backup-none = Backup of { $host }: none yet
health-backup-off = Backup of { $host }: only by hand (BACKUP_EVERY_H=0)
health-backup-failed = the last try failed
health-backup-not-sent = BACKUP_COMMAND did not take it
health-backup-too-old = overdue
health-backup-damaged = a file in it is damaged
health-backup-same-disk = on the same disk as the sessions
health-storage = 🗄 Session files: lock waits p95 { $p95 } ms · longest hold { $hold } ms · largest journal { $kb } KB
health-emptied = last emptied { AGO($at) } or later
health-redis-away = Redis has been away for { FOR($at) }: { $why }
health-poll = Button presses arrive
health-poll-away = Button presses have not arrived for { FOR($at) }
health-ping = Dead-man ping { AGO($at) }
health-ping-failed = Dead-man ping has never worked
health-no-ping = <i>No dead-man ping is set (DEAD_MAN_URL).</i>
health-second = Second path for alerts: set
health-no-second = <i>No second path for alerts is set (ALERT_WEBHOOK_URL, ALERT_SMTP_URL).</i>
health-unreachable = The bot cannot reach: { $names }. They have to press Start.

## Doctor

doctor-title = 🩺 <b>Doctor</b>
doctor-no-host = No host has a worker yet.
doctor-looking = Checking…
doctor-nothing = ✅ Nothing found.
doctor-again = Press 🔄 Refresh to check again.
doctor-more = … and { $count } more: run npm run flotilla -- doctor on that host.
doctor-help = <i>Checks permissions, keys, session files, locks, copies, Redis, network, clock and stop time. It changes nothing.</i>

record-title = ♻️ <b>{ $host }</b>: the lost host.db
record-doing-look = ⏳ Reading the backup…
record-doing-take = ⏳ Taking it over…
record-doing-leave = ⏳ Working…
record-brings = The backup of <b>{ DATE($at) }</b> brings back:
record-took = ✅ Taken over from the backup of { DATE($at) }:
record-rules =
    • restart rules of { $count ->
        [one] { $count } worker
       *[other] { $count } workers
    }
record-exits =
    • { $count ->
        [one] { $count } earlier exit
       *[other] { $count } earlier exits
    }
record-stops = • stopped again: <b>{ $names }</b>
record-starts = • started: <b>{ $names }</b>
record-adds = • on the list again, stopped: <b>{ $names }</b>
record-nothing = • nothing that is not here already
record-stays = What was changed since then stays. No other worker is touched, and nothing restarts.
record-none = No backup from before the loss can be used.
record-useless = ❌ The backup of { DATE($at) } cannot be used ({ $code }).
record-not-lost = There is nothing to take over: this host has its record.
record-left = 👌 The new host.db stays as it is.
record-again = Press 🔄 Refresh to look again.
audit-record-take = ♻️ Host.db of { $host }: backup of { DATE($at) }
audit-record-leave = 👌 Host.db of { $host }: left as it is

## Settings

settings-title = ⚙️ <b>Settings</b>
settings-you = You: { $role }
settings-zone = 🕰 Your time zone: { $zone } ({ $name })
settings-zone-fleet = 🕰 Time zone: the fleet's ({ $name })
settings-quiet = 🌙 Quiet hours { $from }–{ $to } ({ $zone }, the fleet's time zone): only red alerts come through
settings-no-quiet = 🌙 No quiet hours
settings-together = 📣 Alerts go to everybody at once
settings-one-by-one = 👤 Alerts go to the first admin, after 15 min to the next one, after 60 min to everybody
settings-places = 💬 Groups: { $names }
settings-no-place = 💬 No group. An owner sends /here in one to open it.
admins-title = 👥 <b>Admins</b>
admins-unreachable = unreachable: has to press Start
admins-help = <i>Viewers can look. Operators run workers and take alerts. Owners can do everything. The ids in ADMIN_IDS are always owners.</i>
admins-link = Send them this link. It works once, for 15 min:
admin-title = 👤 <b>{ $name }</b> · { $role }
admin-gone = This admin is no longer on the list.
notice-joined = 👥 { $name } accepted an invitation and is now { $role ->
    [viewer] a viewer
    [operator] an operator
   *[owner] an owner
}.
invitation-open = You are already on the list, as { $role ->
    [viewer] a viewer
    [operator] an operator
   *[owner] an owner
}. The invitation stays open for another person. An owner can change your role in ⚙️ Settings → 👥 Admins.
notice-stranger = 🚪 A stranger wrote to this bot and got no answer: { $name }, id { $id }.

## Audit

audit-title = 📒 <b>Audit</b>
audit-title-of = 📒 <b>Audit</b> of { $find }
audit-none = <i>Nothing here.</i>
audit-time = { DATE($at) }
audit-command = { $verb }: { $state ->
    [asked] under way
    [done] done
    [failed] failed
   *[other] no answer
}
audit-bulk = { $verb } { $count ->
    [one] { $count } worker
   *[other] { $count } workers
}
audit-drill = started a drill
audit-schedule = { $what ->
    [archive] archives
    [copies] copies of sessions
    [check] self-check
   *[restart] restart at night
 }: { $how ->
    [late] begun late, as its time was missed
    [skipped] skipped, as the run before is not over
   *[on-time] begun
 }
audit-schedule-end = { $what ->
    [archive] archives
    [copies] copies of sessions
    [check] self-check
   *[restart] restart at night
 }: { $done } of { $total } done in { SPAN($ms) }
audit-schedule-set = schedule changed, { $what ->
    [archive] archives
    [copies] copies of sessions
    [check] self-check
   *[restart] restart at night
 }: { $isOn ->
    [on] on
   *[off] off
 } { $pattern } { $tag }
audit-quiet = set quiet hours { $hours }
audit-quiet-off = turned quiet hours off
audit-note = wrote a note: { $note }
audit-note-off = removed the note
audit-together = set alerts to go to everybody at once
audit-one-by-one = set alerts to go to one admin after the other
audit-invited = created an invitation: { $role }
audit-joined = accepted the invitation of { $by }: { $role }
audit-role = set the role of { $name }: { $role }
audit-removed = removed the admin { $name }
audit-chat-moved = Route { $route }: the group { $chat } became the supergroup { $to }; the route follows it
audit-place-moved = The group { $chat } became the supergroup { $to }; it stays open for the fleet
audit-name-moved = Route { $route } stopped: a name in it now leads to a different chat
audit-here = opened the group { $chat }

## Alerts

alert-since = Since { CLOCK($at) } · { $host } · #A{ $n }
alert-crash = 🟠 ❌ <b>{ $worker }</b> crashed ({ $how }, after { SPAN($uptime) }{ $times ->
    [1] )
   *[other] { " " }· { $times } times)
}
alert-gave-up = 🔴 ❌ <b>{ $worker }</b> gave up ({ $how }, after { SPAN($uptime) }{ $times ->
    [1] )
   *[other] { " " }· { $times } times)
}
alert-locked = 🟠 💾 <b>{ $worker }</b>: session file in use{ $times ->
    [1] { "" }
   *[other] { " " }· { $times } times
}
alert-needs-login = 🔴 🔑 <b>{ $worker }</b> needs login
alert-key-ended = Telegram ended this session ({ $code }). A restart will not be tried.
alert-do-login = Do: press 🔐 Authenticate (about 1 min).
alert-error-line = <code>{ $line }</code>
alert-no-error = <i>It left no error message.</i>
alert-next-restart = Restart in { SPAN($delay) }, at { TIME($at) } ({ $attempt }/{ $limit }).
alert-next-retry = Next try in { SPAN($delay) }, at { TIME($at) }.
alert-next-gave-up = { $attempts ->
    [one] { $attempts } restart
   *[other] { $attempts } restarts
} in { SPAN($window) } did not help. No more tries until you press Restart.
alert-locked-next = It tries again several times a minute until the file is free. Nothing is deleted, and this does not count as a crash.
alert-broken = 🔴 🧯 <b>{ $worker }</b>: its session file cannot be used
alert-locked-by = Held by pid { $pid } <code>{ $command }</code> (user { $user })
alert-locked-by-other = Held by pid { $pid } <code>{ $command }</code> (user { $user }). I do not stop programs I did not start: end it on the machine.
details-locked = ⚠️ Another program has the session file. Never delete the file: the worker starts when that program ends.
alert-broken-next = Flotilla checks the file every 30 s; the worker starts by itself when the cause is gone. Until then no restart is tried.
alert-storage = 🟠 💾 <b>{ $worker }</b>: its session file is slow{ $times ->
    [1] { "" }
   *[other] { " " }· { $times } times
}
alert-storage-wait = “{ $operation }” waited { SPAN($ms) } for the file.
alert-storage-waits = One in twenty writes of the last 5 min waited longer than { $ms } ms.
alert-storage-wal = Its journal is { $mb } MB and cannot be emptied.
alert-storage-wal-held = Its journal is { $mb } MB and cannot be emptied; held by <code>{ $holder }</code>
alert-storage-checkpoint = Its journal cannot be emptied: { $why }
alert-storage-do = Do: check the disk of the machine: how full, how busy.
alert-next-parked = A restart cannot help. It stays stopped until you act.
alert-next-login = A restart will not be tried: only a login helps.
alert-action = { $verb ->
    [restart] 🔄 Restarting…
    [retry] 🔁 Trying…
    [wake] ⏩ Trying…
    [drop] 🧹 Dropping…
    [check] 🩺 Checking…
    [who] 👀 Checking…
    [stop] ⏹ Stopping…
    [start] ▶️ Starting…
   *[other] ⏳ { $verb }
} requested by { $by } at { TIME($at) }
alert-solved = ✅ <b>{ $what }</b> #A{ $n } resolved after { SPAN($ms) } ({ $how })
alert-what-redis-away = Redis
alert-what-refused-job = Refused jobs
alert-what-token-conflict = Token conflict
solved-itself = by itself
solved-command = by { $verb }, { $by }
solved-stopped = stopped by { $by }
solved-deleted = worker deleted by { $by }
solved-replaced = the process is up; its account has an alert of its own
solved-route-off = the route is off
solved-route-gone = the route was removed
alert-key-duplicated = Telegram saw this session from two addresses and cancelled it for good ({ $code }). A backup will not help: it has the same key. A restart will not be tried.
alert-banned = 🔴 🔑 <b>{ $worker }</b>: account frozen or banned
alert-banned-how = Telegram answered { $code }. The worker is stopped for good.
alert-banned-do = Do: appeal in the Telegram app, or write to recover@telegram.org.
alert-limited = 🔴 ⚠️ <b>{ $worker }</b>: Telegram does not let it write to strangers
alert-limited-how = Telegram answered { $code }. Sending is stopped; reading continues.
alert-limited-do = Do: check @SpamBot with this account. When the limit is over, press ▶️ Resume sending.
alert-offline = 🟡 🔌 <b>{ $worker }</b> has been offline since { TIME($at) }
alert-offline-how = It keeps reconnecting by itself. You do not need to do anything.
alert-flood = ⏳ <b>{ $worker }</b>: Telegram asks for a pause of { SPAN($ms) }, until { CLOCK($until) }
alert-gap = 🟠 🔍 <b>{ $worker }</b> lost messages{ $times ->
    [1] { "" }
   *[other] { " " }· { $times } times
}
alert-gap-outage = Back after { $how ->
    [offline] { SPAN($ms) } offline
   *[update] an outage (last update { SPAN($ms) } before)
}: missed { $missed }, recovered { $recovered }, lost ≥ { $lost }.
alert-gap-outage-long = After being offline: missed { $missed }, recovered { $recovered }, lost ≥ { $lost }.
alert-gap-live = Lost ≥ { $lost } while it was connected.
alert-gap-too-many = ≥ { $lost }: more than Telegram hands out at once. The rest of that chat is not fetched.
alert-gap-unreadable = ≥ { $lost }: this version cannot read what Telegram sent.
alert-gap-do = Press ✋ to close this.
alert-quiet = 🟡 🔍 <b>{ $worker }</b>: { $source } silent for { SPAN($ms) } (usual { SPAN($rhythm) })
alert-withheld = 🟡 🔍 <b>{ $worker }</b>: Telegram withholds newer messages from { $source }
alert-quiet-none = Checked: there is no newer message on the server. Nothing is lost.
alert-quiet-found = Checked: { $found } newer found and fetched.
alert-quiet-withheld = Checked: the server has newer messages but does not hand them out. The worker keeps asking.
alert-closed = 🟡 ⚠️ <b>{ $worker }</b> can no longer read { $source } ({ $reason })
alert-closed-how = { $others ->
    [0] No other chat is read.
    [one] The other chat is still read.
   *[other] The other { $others } chats are still read.
}
alert-closed-do = Do: let the account back in, or take this chat out of the route.
alert-unknown-chat = 🟡 🔎 Route <b>{ $route }</b>: { $worker } cannot find { $chats }
alert-unknown-chat-meant = Nothing arrives from there. Do: write { $meant } in the route.
alert-unknown-chat-do = Nothing arrives from there. Do: let { $worker } into that chat, or correct it in the route.
alert-poison = 🟠 📦 Route <b>{ $route }</b>: { $count ->
    [one] { $count } message
   *[other] { $count } messages
} set aside
alert-poison-why = Refused: { $reason }
alert-poison-do = Later messages keep going out. Do: press Retry when the cause is gone, or Drop.
alert-route-blocked = 🟠 ⛔ Route <b>{ $route }</b> is stuck: { $worker } cannot deliver to { $target } ({ $code })
alert-sender = 🟡 📤 Route <b>{ $route }</b> waits for its sender { $worker }
alert-route-rights = Do: let { $worker } write there again (in a channel: as an admin who may post).
alert-route-access = Do: add { $worker } to that chat again, or change the route's target.
alert-route-limited = Telegram limits what { $worker } may send ({ $code }). Do: check @SpamBot, then press Resume sending.
alert-route-topic = Do: reopen the topic, or give the route another one.
alert-route-name = A name in this route now leads to a different chat than when the route was made. Do: check who has it. To use the new chat, press ⏩ Try now; to keep the old one, write its number in the route.
alert-route-loop = The same message kept coming back, so the route stopped itself. Do: check its chats, then press ⏩ Try now.
alert-route-webhook = Do: check the webhook; it answered { $code }.
alert-route-sender = { $worker } is not running, is not connected, or needs a login. Do: open its card.
alert-route-other = Do: check the target; until then nothing else on this route goes out.
alert-route-waiting = { $some ->
    [0] The message waits. It is not lost; Flotilla retries it.
   *[other] The messages wait. None is lost; Flotilla retries them.
}
alert-service-chat = 🔁 Route <b>{ $route }</b> was switched off: { $chat } is a service chat of Telegram. Telegram cancels a login code that is passed on, so no account could log in while the route was on.
alert-loop = 🔁 Route <b>{ $route }</b> was switched off: what it delivers to { $to } would come back to { $back }, endlessly. Change its target or its sources, then switch it on again.
alert-flood-all = Until then nothing is read or sent. Messages from that time are fetched afterwards.
alert-flood-reading = Until then missed messages cannot be fetched. New messages arrive, and sending continues.
alert-flood-sending = Sending waits, reading continues. Waiting messages are kept; none is lost.
alert-flood-how = It then continues by itself. More tries would make the pause longer.
alert-host-away = 🔴 🖥 <b>{ $host }</b> does not answer ({ $workers ->
    [one] { $workers } worker
   *[other] { $workers } workers
})
alert-host-how = Last contact at { TIME($at) }. If its supervisor ended, its workers ended with it. If it only cannot reach Redis, they may still be running.
alert-host-how-several = Last contact at { TIME($at) }. If its supervisor ended, its workers ended with it. If it only cannot reach Redis, they leave Telegram within 10 seconds, and come back when it can.
alert-host-do = Do: check that { $host } is up and its supervisor is running.
alert-trouble-detail = <code>{ $detail }</code>
alert-trouble-key-written-back = 🔴 🔑 <b>{ $host }</b>: its fleet.key was deleted; Flotilla wrote it back
alert-trouble-key-written-back-do = Do: find out what deletes files in the data folder, and keep a copy of the key outside it.
alert-trouble-key-changed = 🔴 🔑 <b>{ $host }</b>: its fleet.key now holds another key
alert-trouble-key-changed-do = Workers keep running with the old key. After a restart no session opens. Do: put the old key back before you restart { $host }.
alert-trouble-key-damaged = 🔴 🔑 <b>{ $host }</b>: its fleet.key is damaged
alert-trouble-key-damaged-do = Workers keep running. After a restart no session opens. Do: move the damaged file away; Flotilla writes the key back within seconds.
alert-trouble-key-unwritable = 🔴 🔑 <b>{ $host }</b>: its fleet.key is gone and cannot be written back
alert-trouble-key-unwritable-do = Workers keep running; do not restart { $host } now. Do: make its data folder writable; Flotilla writes the key back within seconds.
alert-trouble-folder-gone = 🔴 📁 <b>{ $host }</b>: its data folder was moved or deleted
alert-trouble-folder-gone-do = Its workers leave Telegram. Do: put the folder back in its place, then restart { $host }.
alert-trouble-record-deleted = 🔴 🗂 <b>{ $host }</b>: its host.db was deleted
alert-trouble-record-deleted-do = Workers keep running. Do: rename the saved copy (.rescued) to host.db, then restart { $host } when it suits you.
alert-trouble-record-set-aside = 🔴 🗂 <b>{ $host }</b>: its host.db was damaged; Flotilla started a new one
alert-trouble-record-set-aside-do = The workers that ran here were started; counts of crashes and messages start again from 0. Also lost: own restart rules, and which workers were stopped. Do: check the disk, and which workers should be stopped. To get rules back from a backup that lies elsewhere: <code>restore --archive … --only host.db</code> on { $host }.
alert-trouble-record-missing = 🔴 🗂 <b>{ $host }</b>: its host.db was gone; Flotilla started a new one
alert-trouble-record-missing-do = The workers that ran here were started; counts of crashes and messages start again from 0. Also lost: own restart rules, and which workers were stopped. Do: find out what deletes files there, and check which workers should be stopped.
alert-trouble-record-backup-do = The workers that ran here were started, also those that were stopped. Do: press ♻️ to see what the backup brings back. Nothing is changed before you confirm.
alert-trouble-record-unwritable = 🔴 🗂 <b>{ $host }</b>: its host.db cannot be written
alert-trouble-record-unwritable-do = Workers keep running, and buttons work. Until it can be written, a restart of { $host } forgets what was changed. Do: free some space on its disk.
alert-trouble-disk-full = 🔴 💾 <b>{ $host }</b>: its disk is full. Folder and free space:
alert-trouble-disk-full-do = Accounts stay connected; what cannot be written waits or is refused with this reason. Do: free some space; everything continues without a restart.
alert-trouble-control-disk-full = 🔴 💾 <b>{ $host }</b>: the bot's disk is full. Folder and free space:
alert-trouble-control-disk-full-do = Accounts stay connected and keep relaying. Buttons that have to write answer with this reason. Do: free some space; everything continues without a restart.
alert-disk-direct = 🔴 💾 { $host }: the bot's disk is full ({ $detail } free). Accounts stay connected; buttons that have to write do not work. Free some space; everything continues without a restart.
problem-disk-full = ❌ The bot's disk is full, so nothing was done. Free some space, then press again.
alert-trouble-clock-apart = 🟠 🕰 <b>{ $host }</b>: its clock differs from the Redis clock
alert-trouble-clock-apart-do = Commands work; times in the chat are wrong by as much. Do: turn on time synchronisation (NTP) on both machines.
alert-trouble-sessions-idle = 🟠 📁 <b>{ $host }</b>: session files without a worker
alert-trouble-sessions-idle-do = Nothing uses them. Do: press ➕ Add and send one of these names; the worker starts with that session, without a login.
alert-trouble-control-deleted = 🔴 🗂 <b>{ $host }</b>: the bot's control.db was deleted
alert-trouble-control-deleted-do = The bot keeps running, but a restart would lose admins, routes and settings. Do: stop Flotilla, rename the saved copy (.rescued) to control.db, start Flotilla again.
alert-trouble-supervisor-ended = 🔴 🖥 <b>{ $host }</b>: its supervisor ended; all its workers are off Telegram
alert-trouble-supervisor-ended-do = Flotilla restarts it; the workers come back one after the other. Messages sent in the meantime are fetched. Why it ended: logs/supervisor.log in the data folder.
alert-trouble-supervisor-down = 🔴 🖥 <b>{ $host }</b>: its supervisor keeps ending; all its workers are off Telegram
alert-trouble-supervisor-down-do = Flotilla starts it again once a minute. Do: read logs/supervisor.log in the data folder; the reason is at its end.
alert-host-network = 🟠 🔌 <b>{ $host }</b>: { $count ->
    [one] its worker has been
   *[other] all { $count } workers have been
} offline since { TIME($at) }: the network of the host, not the sessions
alert-host-network-do = Do: check the network of { $host }. Sessions are fine; workers come back one after the other.
alert-redis-away = 🟠 🔌 <b>Redis away</b>
alert-redis-how = Workers keep running. Until Redis is back, buttons do nothing and states are out of date.
alert-redis-how-several = With HOSTS=several, a worker may not stay on Telegram without its lease. Workers that cannot renew theirs leave within 10 seconds, so that no second host uses their session, and come back by themselves. Until then buttons do nothing.
alert-redis-how-no-memory = Workers that are on Telegram stay: they can still renew their leases. A worker that starts now waits. Until there is room, buttons do nothing.
alert-redis-do = Do: check that Redis runs, and that the bot's machine can reach it.
alert-refused-job = 🔴 <b>Jobs were refused in { $queue }</b>: { $count }. None was carried out.
alert-refused-unsigned = { $count } not signed: a stranger with access to Redis wrote them, or a program of version 0.1 is still running. Do: bring every host to this version.
alert-refused-wrong-signature = { $count } with a wrong signature: they were changed or moved in Redis, or a program has another FLEET_KEY. Do: give every host the same FLEET_KEY.
alert-refused-too-old = { $count } signed more than a week ago: old jobs were put back into Redis, or a clock is wrong. Do: compare the clocks of the hosts.
alert-refused-unreadable = { $count } that are not jobs at all: another program writes into this Redis. Do: give it a Redis, or a database number, of its own.
alert-refused-again = { $count } already carried out: they were put back into Redis. After a restore of Redis there is nothing to do.
alert-refused-do = If that is not it: check who can reach Redis, and change its password (docs/safety.md).
alert-two-hosts = 🔴 <b>Hosts that do not know of each other are running together</b>: { $hosts }
alert-two-hosts-how = At least one of them has HOSTS=one. The same account could start on both; then only Redis and Telegram keep them apart.
alert-two-hosts-do = Do: set HOSTS=several in the .env of every host and restart them, or stop the one that should not run.
alert-backup = 🟠 <b>The backup of host { $host } needs attention</b>
alert-backup-own = 🟠 <b>The backup of the bot’s folder needs you</b>
alert-backup-place-own = 🟡 <b>The backup of the bot’s folder lies on its own disk</b>
alert-schedule = 🟠 <b>{ $what ->
    [copies] Copies of sessions
   *[restart] The restart at night
 } failed for { $failed } of { $total }</b>
alert-schedule-part = • { $key }: { $why }
alert-schedule-do = Do: see the reasons. 🗓 Schedules has ▶️ Run now and the next time.
alert-check = 🟠 <b>The self-check of { $host } found { $count ->
    [one] a problem
   *[other] { $count } problems
 }</b>
alert-check-found = ❌ { $what } → { $todo }
alert-backup-do = Do: fix the cause, then run <code>npm run flotilla -- backup</code> on the host. The settings are in <code>docs/runbooks/backup.md</code>.
alert-backup-place = 🟡 <b>The backup of host { $host } is on the same disk as its sessions</b>
alert-backup-place-do = One broken disk would take both. Do: set BACKUP_DIR to another disk, or BACKUP_COMMAND to take each archive elsewhere (rclone, restic, scp).
backup-failed = The last try failed: { $why }
backup-not-sent = The archive was made, but BACKUP_COMMAND did not take it: { $why }
backup-too-old = The last good one is from { DATE($at) }.
backup-never = There has been none since { DATE($at) }.
backup-damaged = { $count ->
    [one] A file in it is damaged or unreadable.
   *[other] { $count } files in it are damaged or unreadable.
}
alert-token-conflict = 🔴 <b>Another program uses this bot's token</b> (409)
alert-token-how = I keep trying every 30 s. Workers are not affected, but presses go to the other program.
alert-token-do = Do: stop the other program, or make a new token with @BotFather.
alert-test = 🧪 <b>Test alert</b>, requested by { $by }
alert-test-how = If you read this, alerts reach you. Press ✋ to end it.
alert-drill = a session needs a login (not really: { $by } started a drill)
alert-drill-how = It goes the same way as a real alert: to the next admin after 15 min, to everybody after 60. Press ✋ to end it.
alert-group = { $level } <b>{ $count } alerts of one kind</b>
alert-group-back = ✅ { $over } well again, { $open } not yet
alert-group-in = in { SPAN($ms) }
alert-group-crash = 🟠 ❌ <b>{ $count } of { $total } workers crashed</b>{ $in }{ $how }
alert-group-gave-up = 🔴 ❌ <b>{ $count } of { $total } workers gave up</b>{ $how }
alert-group-broken = 🔴 🧯 <b>{ $count } of { $total } workers: session file cannot be used</b>{ $how }
alert-group-locked = 🟠 💾 <b>{ $count } of { $total } workers: session file in use</b>
alert-group-needs-login = 🔴 🔑 <b>{ $count } of { $total } workers need a login</b>{ $how }
alert-group-banned = 🔴 🔑 <b>{ $count } of { $total } accounts frozen or banned</b>{ $how }
alert-group-limited = 🔴 ⚠️ <b>{ $count } of { $total } accounts limited by Telegram</b>{ $how }
alert-group-offline = 🟡 🔌 <b>{ $count } of { $total } workers offline</b>
alert-digest = 📨 <b>{ $count } more alerts</b>, { $open } of them open
alert-more = … and { $count } more
alert-taken = ✋ { $by } took it
alert-muted = 🔕 muted until { CLOCK($until) }
alert-solved-group = ✅ #A{ $n }: { $count ->
    [2] both
   *[other] all { $count }
} resolved after { SPAN($ms) }
notice-fleet-away = ⚠️ <b>Flotilla was not running</b> from { DATE($from) } to { CLOCK($to) } ({ SPAN($ms) }). No admin had stopped it: the processes were killed, or the machine was off.
notice-fleet-off = Off Telegram during that time: { $count } of { $total } workers (<b>{ $names }</b>). Messages sent in the meantime are fetched.
notice-fleet-missing = ❌ Not back yet: { $count } (<b>{ $names }</b>).
notice-bot-here = 🛰 This bot runs on <b>{ $host }</b> now. Before, it ran on { $before }.
notice-standby = 🛰 A second bot of this fleet waits on <b>{ $standby }</b>. The active one is this one, on { $host }, since { TIME($since) }.
notice-standby-takes-over = It polls nothing and sends nothing. When this bot is gone, it takes over within half a minute.
notice-standby-stays = It polls nothing and sends nothing, and never takes over by itself: its <code>control.db</code> is not the one of this fleet. If it was started by mistake, stop it.
notice-standby-gone = 🛰 The second bot on <b>{ $standby }</b> is gone. This one, on { $host }, runs on alone.
bot-suspended = ⏸ The bot on { $host } cannot renew its lease, because Redis does not answer. It answers no press until Redis is back. Presses are kept.
notice-bot-away = ⚠️ <b>The bot was not running</b> from { DATE($from) } to { CLOCK($to) } ({ SPAN($ms) }). No admin had stopped it. The workers kept running.
alert-maintenance-over = ⏸ Maintenance { TIME($since) }–{ CLOCK($until) } is over: { $held ->
    [one] { $held } alert was held
   *[other] { $held } alerts were held
}, { $open } still open.
alert-maintenance-over-worker = ⏸ Maintenance of <b>{ $scope }</b> { TIME($since) }–{ CLOCK($until) } is over: { $held ->
    [one] { $held } alert was held
   *[other] { $held } alerts were held
}, { $open } still open.
solved-taken = by { $by }
alerts-title-open = 🚨 <b>Open alerts</b> ({ $count })
alerts-title-taken = ✋ <b>Taken alerts</b> ({ $count })
alerts-title-muted = 🔕 <b>Muted alerts</b> ({ $count })
alerts-title-day = 🕓 <b>Alerts of the last 24 h</b> ({ $count })
crew-over = ✅ None of these workers has an open alert any more.
alerts-none = None. ✅
alerts-since = · { AGO($at) }
alerts-took = resolved after { SPAN($ms) }
second-unanswered = no admin took these alerts for an hour
second-away = the bot cannot reach Telegram{ $proxy ->
    [none] { "" }
   *[other] { " " }through { $proxy }
} since { CLOCK($at) }; { $count ->
    [one] { $count } alert waits
   *[other] { $count } alerts wait
}

## Faults, by code where there are words for it, else by class

fault-sqlite-empty = The session file is empty (0 bytes): its content is lost. Restore a copy.
fault-sqlite-not-a-database = The session file is not a database, or its beginning was overwritten. Restore a copy.
fault-sqlite-truncated = The session file is shorter than it should be: part of it is lost. Restore a copy.
fault-sqlite-corrupt = The session file is damaged inside. Restore a copy, and check the disk.
fault-key-unreadable = The key in the session file was changed (its checksum is wrong). Restore a copy, and check the disk.
fault-sqlite-missing = The session file is gone, though there was one. Restore a copy.
fault-sqlite-deleted = The session file was deleted while the worker was running. Find out by whom, then restore a copy.
fault-sqlite-replaced = Another file replaced the session file while the worker was running. Find out by whom; the worker did not touch it.
fault-sqlite-full = The disk is full. Free some space: the worker continues.
fault-sqlite-readonly = The session file cannot be written to (read-only disk, or permissions). When it is writable again, the worker continues.
fault-sqlite-foreign-owner = The session file belongs to another user. Give it back to the user that Flotilla runs as (chown): the worker continues.
fault-sqlite-cantopen = The session file cannot be opened. Check that its folder exists and belongs to the user that Flotilla runs as.
fault-sqlite-io = The disk reported an error. Check the disk and the system log.

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
class-OOM = The worker used too much memory.
class-CONFIG = The configuration is wrong.
class-DB_BROKEN = A database file is damaged.
class-REQUEST = Telegram refused one call.

## Relays

relay-matched = 🔎 Route <b>{ $route }</b> matched: { $because }
relay-matched-any = 🔎 Route <b>{ $route }</b> has a new message

route-gone = The route <b>{ $route }</b> no longer exists.
route-title-on = 🔀 <b>{ $route }</b> · on
route-title-off = ⏸ <b>{ $route }</b> · off
route-way = { $reader }: { $chats } → { $target }
route-filter = Filter: <code>{ $filter }</code>
route-filter-none = Filter: none, everything is taken
route-forward = Forwards as it is
route-copy = Copies as <code>{ $template }</code>
route-follow = Edits { $edits } · deletions { $deletes } · alert { $alert }
route-alert-off = off
route-alert-silent = silent
route-alert-sound = with sound
route-other-version = 🔴 { $reader } does not use these routes yet. They are sent to it again; if this line stays, check its log and the clocks of both hosts.
route-silent = { $reader } has not reported this route yet.
route-counts = Matched { $matched } · delivered { $delivered } · filtered out { $filtered } · protected { $skipped }
route-followed = Edits followed { $edited } · deletions { $deleted }
route-left-out = Too old { $old } · edits of forwards not followed { $forwarded }
route-cut = ✂️ Parts of long texts that the target refused { $count }
route-unreached = Edits and deletions that reached only part of their message { $count }
route-no-reply = Delivered without their reply link { $count }
route-no-media = Delivered without their photo, file, poll or location { $count }
route-late = Matched after an edit { $late }
route-latency = Latency p50 { $p50 } s · p99 { $p99 } s
route-last = Last delivery { AGO($at) }
route-queue = Queue { $count }
route-file = ⬇️ { $name }: { $done } of { $size } MB
route-parked = sends again { IN($at) }
route-forecast = empty { IN($at) }
route-blocked = 🔴 Stopped: { $reason }
route-reason = ⏳ { $reason }
route-poison = ⚠️ { $count } set aside: { $reason }
route-moved = ↪️ Became a supergroup; the route follows it: { $chats }
route-unknown = ⚠️ Not known to this account: { $chats }
route-fill-running = 📥 Fetching old messages: { $fetched } so far
fill-title = 📥 <b>{ $route }</b>: fetch old messages. At most 2,000 from each source, one page a second; messages that were already delivered are not sent again.
button-fill-f20 = Last 20
button-fill-f200 = Last 200
button-fill-fday = Last 24 h
button-fill-fweek = Last 7 d
button-fill-fsince = 📅 Since a day…
button-fill-stop = ✖️ Stop fetching
button-leave-out = 🚫 Leave out { $name }
ask-since = 📥 Since when? Send a day, such as 2026-11-01 or 2026-11-01 14:30 (in the time zone of this chat).
ask-since-bad = That is not a date in the past. Example: 2026-11-01
route-fill-wanted = 📥 Fetching old messages: { $fetched } of { $wanted } so far
route-fill-waits = Telegram asked for a pause; continues { IN($at) }
route-fill-done = 📥 Old messages: took { $taken } of { $fetched }; { $known } were already delivered
route-fill-cancelled = 📥 Fetching cancelled after { $fetched }
route-fill-failed = 📥 Fetching failed: { $reason }
routes-title = 🔀 <b>Routes</b>
routes-title-of = 🔀 <b>Routes</b> of { $worker }
routes-none = None yet.
routes-more = … and { $count } more
routes-line-counts = · { $delivered } delivered, { $waiting } waiting
sources-title = 📡 <b>Sources</b> of { $worker }
sources-none = No route reads anything here.
source-fine = ✅ { $name } · last { SPAN($age) } ago · usual { $rhythm }
source-quiet = 🟡 { $name } · silent for { SPAN($age) } · usual { $rhythm }
source-new = ➖ { $name } · no message seen yet
source-paused = ⏸ { $name } · paused
source-unknown = ⚠️ { $name } · not known to this account
source-closed = 🔴 { $name } · closed: { $reason }
source-rhythm-unknown = not known yet
dry-title = 🔎 <b>Dry run</b> of { $route }
dry-sum = { $taken } of the last { $count } would be delivered. Nothing was sent.
dry-running = ⏳ Checking the last messages…
dry-empty = Its sources have no messages.
skip-filtered = filtered out
skip-protected = protected
skip-ephemeral = self-destructing
skip-empty = nothing in it
skip-other-topic = another topic
skip-own-relay = delivered by a relay
word-on = on
word-off = off
word-bot = the bot
button-routes = 🔀 Routes
button-sources = 📡 Sources
button-route = 🔀 Route
button-route-on = ▶️ Switch on
button-route-off = ⏸ Switch off
button-route-dry = 🔎 Dry run
button-route-edits-on = ✏️ Follow edits
button-route-edits-off = ✏️ Ignore edits
button-route-deletes-on = 🗑 Follow deletions
button-route-deletes-off = 🗑 Ignore deletions
button-route-alert-off = 🔕 Alert: off
button-route-alert-silent = 🔈 Alert: silent
button-route-alert-sound = 🔔 Alert: sound
button-route-fill = 📥 Old messages
button-route-retry = 🔁 Retry
button-route-drop = 🧹 Drop
button-route-wake = ⏩ Try now
button-route-remove = ❌ Remove
button-route-new = ➕ New route
toast-route-saved = ✅ Saved
route-problem-duplicate = ❌ There is already a route named { $route }.
route-problem-stranger = ❌ There is no worker { $worker } in this fleet.
route-problem-apart = ❌ Files cannot go from { $from } to { $to }: { $from } has no HOST_URL. Set it there, choose a sender on { $from }, or copy no files.
route-problem-saved = ❌ The Saved Messages of { $worker } cannot be a source.
route-problem-person = ❌ { $worker } delivers to channels, groups and Saved Messages (me), never to a person.
route-problem-bot-saved = ❌ The bot has no Saved Messages: name a chat.
route-problem-forward = ❌ Only a worker can forward; use copy for the bot or a webhook.
route-problem-forward-private = ❌ Only { $worker } itself can forward from private chats and small groups; otherwise use copy.
route-problem-targets = ❌ { $worker } would deliver to more than { $count } chats.
route-problem-misnumbered = ❌ { $worker } cannot find { $chat }. The number you mean is { $meant }.
route-problem-service-chat = ❌ { $chat } is a service chat of Telegram. Login codes come from there, so no route may read it or write to it.
route-problem-loop = ❌ A loop: what is delivered to { $to } would come back to { $back }.
route-problem-bad-template = ❌ { $token } is not a template field. The fields are: { $fields }. For a literal brace, write it twice.
route-problem-other = ❌ This route cannot be used as it is.
route-problem-rule-quote = ❌ The filter, at character { $at }: this " is not closed.
route-problem-rule-unread = ❌ The filter, at character { $at }: I cannot read this.
route-problem-rule-flags = ❌ The filter, at character { $at }: after a regular expression only i is allowed.
route-problem-rule-regex-end = ❌ The filter, at character { $at }: a regular expression ends with /.
route-problem-rule-comma = ❌ The filter, at character { $at }: put or between words, not a comma.
route-problem-rule-unknown = ❌ The filter, at character { $at }: this can only be { $token }.
route-problem-rule-sender = ❌ The filter, at character { $at }: { $token } is not a sender. Write @username or a number.
route-problem-rule-empty = ❌ The filter, at character { $at }: a word is empty.
route-problem-rule-close = ❌ The filter, at character { $at }: this ) has no matching (.
route-problem-rule-open = ❌ The filter, at character { $at }: a ) is missing.
route-problem-rule-surplus = ❌ The filter, at character { $at }: this word is one too many.
route-problem-rule-missing = ❌ The filter, at character { $at }: a word is missing.
route-problem-rule-deep = ❌ The filter, at character { $at }: brackets are nested too deeply.
route-problem-rule-long = ❌ The filter: a regular expression may have at most { $token } characters.
route-problem-rule-regex = ❌ The filter: the regular expression { $token } cannot be used here.
button-route-gone = ❌ Remove for good
route-sure = Remove the route <b>{ $route }</b>? Messages waiting on it will not be delivered.
toast-route-removed = Removed
audit-route = changed the route { $route }
audit-route-removed = removed the route { $route }
button-route-edit = ✏️ Change
route-topics = Topics: { $from } → { $into }
route-topic-all = all
ask-route-bad = ❌ I could not read that: put the sources in the first line, one target in the second.

## Routes, step by step

rwiz-title-new = ➕ <b>New route</b> { $route }
rwiz-title-edit = ✏️ <b>Change the route</b> { $route }
rwiz-none = You are not making a route. ➕ New route starts one.
rwiz-name = What is its name? Send one (a-z, 0-9, _ and -), or use this one.
rwiz-lines =
    In a hurry? Send it all in three lines:
    1. what to read: <code>@channel</code>, or numbers, with spaces between them
    2. where to: <code>@chat</code>, <code>other_worker @chat</code>, <code>bot @chat</code>, or an https address
    3. which messages (optional): <code>btc or eth</code>
rwiz-reader = Which worker reads?
rwiz-chats = Which chats should { $reader } read? Tap one or more, send <code>@name</code>, a number or a link, or forward a message. Then press Next.
rwiz-topic = Which topic of { $chat }? A link to a message in it works too.
rwiz-into = Into which topic of { $chat }? A link to a message in it, or its number, works too.
rwiz-general = General
rwiz-filter = Which messages? Tap one, or send words: <code>btc or eth</code>, <code>"to the moon" not scam</code>, <code>/^buy/i</code>. All rules: docs/relays.md.
rwiz-action = What should happen to them? You can also send a template for the copy: <code>{ $example }</code>
rwiz-kind = Where should they go?
rwiz-sender = Which worker delivers?
rwiz-target = Where should { $sender } write? Tap a chat where it may, or send <code>@name</code>, a number or a link.
rwiz-target-bot = Which chat? Tap one, or send the <code>@name</code> or number of a chat where the bot is. In a channel it has to be an admin.
rwiz-url = Send the https address. Each message is posted there as signed JSON.
rwiz-now = Now: <code>{ $value }</code>
rwiz-listing = ⏳ Asking the worker for the list…
rwiz-no-list = There is no list yet. Refresh asks for it again; you can also just send your answer.
rwiz-empty = There is nothing to choose from.
rwiz-me = Saved Messages
rwiz-s-from = { $reader } reads { $chats }
rwiz-s-topic = 🗂 topic { $topic }
rwiz-s-to = Goes to { $target }
rwiz-bad-name = ❌ A name has 1 to 32 characters of a-z, 0-9, _ and -, and starts with a letter.
rwiz-name-taken = ❌ There is already a route named { $name }.
rwiz-unknown-chat = ⚠️ { $worker } cannot find { $chats }. Nothing arrives from there until the account is in that chat. Is it spelled correctly?
rwiz-bad-chat = ❌ { $chat } is not a chat: send @name, a number such as -1001234567890, or a link.
rwiz-invitation = ❌ An invitation link names no chat. Let the account join with it first; then send @name or the number, choose it from the list, or forward a message.
rwiz-many-chats = ❌ A route reads at most 50 chats.
rwiz-no-chats = ❌ Choose at least one.
rwiz-tap = ❌ I cannot use that here: tap one of the buttons. Where I ask for a worker, its name works too.
rwiz-bad-topic = ❌ Send the number of the topic, or a link to a message in it.
rwiz-long-filter = ❌ A filter has at most 500 characters.
rwiz-long-template = ❌ A template has at most 1,000 characters.
rwiz-bad-url = ❌ Send an https address without a password in it (http only on this machine).
rwiz-bot-not-in = ❌ The bot is not in { $chat }. Add it there, then send it again.
button-rwiz-take = 👍 { $name }
button-rwiz-next = ➡️ Next ({ $count })
button-rwiz-all = 🗂 All topics
button-rwiz-keep = ➡️ Keep it
button-rwiz-f-all = ♾ Everything
button-rwiz-f-seen = 🖼 Photos, videos
button-rwiz-f-files = 📎 Files
button-rwiz-f-said = 💬 Text only
button-rwiz-copy = 📋 Copy
button-rwiz-forward = ↪️ Forward
button-rwiz-worker = 👷 A chat, by a worker
button-rwiz-bot = 🤖 A chat, by the bot
button-rwiz-webhook = 🌐 A webhook
button-rwiz-me = ⭐ Saved Messages
button-rwiz-here = 📍 This chat
button-rwiz-save = 💾 Save
button-rwiz-dry = 🔎 Dry run on last 20
button-rwiz-p-chats = 📡 Sources
button-rwiz-p-filter = 🔤 Filter
button-rwiz-p-action = 🎬 Action
button-rwiz-p-target = 🎯 Target

## Charts

button-chart = 📈 Chart
button-chart-24h = 24 h
button-chart-7d = 7 d
button-chart-dark = 🌙 Dark
button-chart-light = ☀️ Light
button-chart-close = ✖️ Close
toast-chart = 📈 Drawing…
chart-fleet = Fleet
chart-span-24h = last 24 hours
chart-span-7d = last 7 days
chart-unit-24h = messages in 10 min
chart-unit-7d = messages in 1 h
chart-received = received { $count }
chart-relayed = relayed { $count }
chart-connection = connected { $percent } %
chart-up = connected
chart-wait = paused
chart-down = not connected
chart-off = stopped
chart-unknown = not known
chart-restarts = restarts { $count }
chart-waits = flood waits { $count }
chart-head-time = from
chart-head-received = recv
chart-head-relayed = relay
chart-head-connected = on %
chart-head-restarts = rst
chart-head-waits = wait
chart-head-sum = sum
chart-no-data = No numbers yet: collecting starts now.
chart-longest-wait = Longest flood wait { SPAN($ms) }
chart-no-picture = <i>No picture: the package @napi-rs/canvas is missing on this machine. The table has the same numbers.</i>
chart-failed = <i>The picture could not be drawn; the bot's log says why. The table has the same numbers.</i>

## Other devices, logging out, removing a session

button-devices = 📱 Other devices
button-logout = 🚪 Log out
button-rmsession = 🧹 Remove session
button-yes-logout = 🚪 Yes, log out
button-yes-login = 🔐 Yes, log in
button-yes-rmsession = 🧹 Yes, remove it
confirm-logout =
    🚪 <b>Log { $name } out of Telegram?</b>
    A verified copy is made first, but no copy can bring this login back: Telegram forgets the key. The worker then needs a new login. Other devices of the account stay logged in; sources, routes and backups stay.
confirm-login =
    🔐 <b>Log { $name } in again?</b>
    It is connected to Telegram now. For the new login it disconnects, and reads and relays nothing until you finish or cancel. Its session stays as it is until the new one works.
confirm-rmsession =
    🧹 <b>Remove the session of { $name }?</b>
    The worker stops, and its session file is checked and moved to the backups, from where it can be restored. Telegram is not told: the device stays on its list until you log out.
doing-logout = 🚪 Logging out…
done-logout = ✅ Logged out of Telegram { AGO($at) }
doing-remove-session = 🧹 Removing the session…
logins-devices = { $count ->
    [0] no other device
    [one] { $count } other device
   *[other] { $count } other devices
}
devices-title = 📱 <b>Devices of { $worker }</b>
devices-fetching = ⏳ Asking Telegram…
devices-unasked = <i>Press 🔄 Refresh to ask Telegram.</i>
devices-this = (this worker)
devices-active = active { AGO($at) }
devices-help = <i>Asked { AGO($at) }. Do you see a device you do not know? End that login in Telegram → Settings → Devices.</i>

details-stale = 📵 <b>Last contact with { $host } { AGO($at) }.</b> What follows is from then; the state now is unknown.
worker-stale = no contact for { FOR($at) } (was: { $state })
menu-stale = without contact
host-silent = 📵 No contact with { $host } for { FOR($at) } ({ $count ->
    [one] { $count } worker
   *[other] { $count } workers
})
second-token = Telegram no longer knows this bot's token (401). The bot asks again once a minute and is silent until then; workers keep running. If this lasts, start the bot with a valid BOT_TOKEN.

## Limits, and acts on a tag

button-limits = 🚦 Limits
button-tag-start = ▶️ Start #{ $tag }
button-tag-restart = 🔄 Restart #{ $tag }
button-tag-stop = ⏹ Stop #{ $tag }
limits-title = 🚦 <b>Limits</b>
limits-sends = 📤 Each account sends at most { $count } messages a minute (<code>SENDS_PER_MINUTE</code>)
limits-chat = 💬 Into one chat: one message per { SPAN($gap) }, at most { $count } a minute (fixed; applies to every route)
limits-targets = 🎯 A worker relays into at most { $count } chats (fixed)
limits-waits = ⏳ Telegram's pauses are kept in full plus a second; three within an hour halve the rate for a day (fixed)
limits-slower = 🐢 { $worker }: { $count } a minute at the moment
limits-starts = 🚀 { SPAN($ms) } between two starts (<code>START_SPACING_S</code>)
limits-restarts = 🔁 Restart after { SPAN($delay) } (<code>RESTART_DELAY_S</code>); gives up after { $count } in { SPAN($window) } (<code>RESTART_LIMIT</code>, <code>RESTART_WINDOW_S</code>)
limits-memory = 🧠 A worker is restarted above { $mb } MB (<code>WORKER_MEMORY_MB</code>)
limits-alerts = 🚨 Alerts are sent at once; a card of one cause grows for { SPAN($ms) } without a second sound (<code>ALERT_HOLD_S</code>); at most 6 new ones a minute per chat (fixed)
limits-where = <i>The names in brackets are settings in the machine's .env; changes take effect at its next start. Other hosts may have other values.</i>

## Login: another account than before

button-lkeep = ✅ Continue
button-undo = ↩️ Undo
login-changed = ⚠️ <b>{ $worker } was { $before }, now { $now }.</b>
    Sources and rules stay; what { $before } has not read yet will not be fetched. Undo logs { $now } out here and leaves everything as it was.
login-keeping = ⏳ Switching to { $now }…

### Restart rules of one worker

rules-title = ♻️ <b>Restart rules of { $name }</b>
rules-delay = After a crash: restart in { SPAN($ms) }
rules-limit = At most { $count } restarts in { SPAN($window) }; then it stays down and alerts you
rules-locked = Session in use: next try after { $delays }; never counted
rules-never = A lost network and Telegram's pauses are never counted. An ended session, a ban and a bad configuration are never restarted.
rules-own = These rules are this worker's own.
rules-fleet = These are the fleet's rules, from its configuration. A button gives this worker its own.
rules-unknown = The host of <b>{ $worker }</b> has not reported its rules. Is it running?
rules-button-d = ⏱ { SPAN($ms) }
rules-button-l = { $count } ×
rules-button-w = in { SPAN($ms) }
rules-button-k = 💾 { SPAN($ms) }

## What to do about each kind of alert: docs/runbooks/alerts.md has the same texts, and more

runbook-crash =
    📖 <b>A worker crashed</b>
    <b>Means:</b> The worker's process ended by itself or was killed. Flotilla restarts it after a pause and fetches the messages sent in the meantime.
    <b>Do:</b> Nothing, if it happens once. If it keeps happening, check the first error in 📜 Log. SIGKILL without an error: a program or the kernel killed it. OOM: it needs more memory (<code>WORKER_MEMORY_MB</code>).
    <b>Over when</b> the worker is connected again.
runbook-gave-up =
    📖 <b>A worker gave up</b>
    <b>Means:</b> It crashed too often, or for a reason that no restart can fix. It stays down until an admin acts.
    <b>Do:</b> Fix the first error in 📜 Log, then press 🔄 Restart: the count starts again from 0.
    <b>Over when</b> the worker is connected again.
runbook-broken =
    📖 <b>A session file cannot be used</b>
    <b>Means:</b> The file is damaged, gone, or on a disk that is full or read-only. The worker does not run; nothing is deleted.
    <b>Do:</b> If it is the disk or permissions, fix them: the worker starts by itself. If the file is damaged or lost, restore a copy: 🧯 Backups.
    <b>Over when</b> the worker has opened its session.
runbook-locked =
    📖 <b>A session file is in use</b>
    <b>Means:</b> Another program has the session file open, or another host runs this session.
    <b>Do:</b> End the program that 👀 Who holds it? names; never delete the file or its journal. If another host runs it, stop the worker there.
    <b>Over when</b> the worker has opened its session.
runbook-needs-login =
    📖 <b>A session needs a login</b>
    <b>Means:</b> The session was ended in Telegram → Settings → Devices, or Telegram ended it after seeing it from two addresses (AUTH_KEY_DUPLICATED).
    <b>Do:</b> Press 🔐 Authenticate (about 1 min). After AUTH_KEY_DUPLICATED, first find the second place where the session runs. 🔁 Look again asks Telegram once more.
    <b>Over when</b> the account is connected.
runbook-banned =
    📖 <b>An account is frozen or banned</b>
    <b>Means:</b> Telegram refuses every call of this account. Flotilla cannot help, and stops the worker.
    <b>Do:</b> Appeal in the Telegram app, or write to recover@telegram.org. When Telegram lifts it, press 🔁 Look again.
    <b>Over when</b> the account is connected.
runbook-limited =
    📖 <b>Telegram limits an account</b>
    <b>Means:</b> People reported the account as spam, or it wrote to too many strangers (PEER_FLOOD). Sending is stopped; reading continues.
    <b>Do:</b> Ask @SpamBot with this account when the limit ends. Press ▶️ Resume sending only then: sending earlier makes the limit longer.
    <b>Over when</b> the account is connected without the limit.
runbook-offline =
    📖 <b>A worker is offline</b>
    <b>Means:</b> It cannot connect to Telegram and keeps trying. Messages sent in the meantime are fetched later.
    <b>Do:</b> Nothing at first. If only this worker is offline, check its proxy, and press 🩺 Check now. If all are, check the network of the host.
    <b>Over when</b> the worker is connected.
runbook-flood =
    📖 <b>Telegram asks for a pause</b>
    <b>Means:</b> The account made too many calls of one kind. The worker obeys; waiting messages are kept.
    <b>Do:</b> Wait. A restart does not shorten the pause. If it happens often, send less: 🚦 Limits in ⚙️ Settings.
    <b>Over when</b> the pause has passed.
runbook-gap =
    📖 <b>Messages are lost</b>
    <b>Means:</b> Telegram did not hand out messages that were sent while the worker was away, or this version cannot read them.
    <b>Do:</b> If they matter, read the chat in Telegram: they do not come back by themselves. If this version cannot read them, update Flotilla.
    <b>Over when</b> an admin presses ✋.
runbook-quiet =
    📖 <b>A chat is unusually quiet</b>
    <b>Means:</b> No message has come for longer than usual in this chat. The card says what a check of the server found.
    <b>Do:</b> Check the chat in Telegram. 🩺 Check now asks Telegram whether the connection is fine. If the chat has gone to sleep, pause watching it in 📡 Sources.
    <b>Over when</b> a message from it arrives.
runbook-closed =
    📖 <b>A chat can no longer be read</b>
    <b>Means:</b> The account was removed from the chat, or the chat is gone or private now.
    <b>Do:</b> Let the account back in, or take the chat out of the route.
    <b>Over when</b> the chat can be read, or no route names it.
runbook-unknown-chat =
    📖 <b>A route names an unknown chat</b>
    <b>Means:</b> The reading account cannot find a source of the route: the number or name is wrong, or the account is not in the chat.
    <b>Do:</b> Write the number from the card in the route (🔀 Route → ✏️ Change), or let the account into the chat.
    <b>Over when</b> the account finds the chat, or no active route names it.
runbook-storage =
    📖 <b>A session file is slow</b>
    <b>Means:</b> The disk of the machine is slow or almost full, or a program keeps the file's journal from being emptied.
    <b>Do:</b> Check the disk: how full, how busy, on the network or not. 👀 Who holds it? names a program that has the file open.
    <b>Over when</b> five minutes pass without a long wait.
runbook-poison =
    📖 <b>Messages of a route are set aside</b>
    <b>Means:</b> The target refuses exactly these messages. Later ones keep going out.
    <b>Do:</b> Fix what the card names (the target's rights or limits), then press 🔁 Retry; or 🧹 Drop if they do not matter.
    <b>Over when</b> no message of the route is set aside.
runbook-route-blocked =
    📖 <b>A route is stuck</b>
    <b>Means:</b> The target accepts nothing from this route. The messages wait, in order; none is lost.
    <b>Do:</b> Fix what the card names, such as rights in the target, then press ⏩ Try now. Or change the target in 🔀 Route.
    <b>Over when</b> a message is delivered, or the route is off or gone.
runbook-sender =
    📖 <b>A route waits for its sender</b>
    <b>Means:</b> The worker that sends for this route is not running, is not connected or needs a login. The messages wait.
    <b>Do:</b> Open 👷 Details of the sender and do what its card says.
    <b>Over when</b> the sender is connected, or the route is off or gone.
runbook-host-network =
    📖 <b>A host has no network</b>
    <b>Means:</b> All workers of the host are offline together: it is the network, not the sessions.
    <b>Do:</b> Check the network of the machine, its DNS and its proxy (<code>TELEGRAM_PROXY</code>). 🩺 Doctor asks Telegram from each host.
    <b>Over when</b> a worker of the host is connected.
runbook-host-away =
    📖 <b>A host does not answer</b>
    <b>Means:</b> The bot has lost contact with the host's supervisor: the machine is off, the supervisor ended, or it cannot reach Redis.
    <b>Do:</b> Check that the machine is up, then the supervisor: <code>npm run flotilla -- status</code> there, and <code>logs/supervisor.log</code> in its data folder.
    <b>Over when</b> the host reports again.
runbook-host-files =
    📖 <b>Something is wrong with a host</b>
    <b>Means:</b> It is the host's key, data folder, databases, disk, clock or supervisor: the card names which, and the path.
    <b>Do:</b> Do what the card says before you restart anything. 🩺 Doctor examines the host and changes nothing.
    <b>Over when</b> the host reports that all is well.
runbook-sessions-idle =
    📖 <b>Session files without a worker</b>
    <b>Means:</b> The data folder has sessions that no worker on the list uses, for example because <code>control.db</code> was lost.
    <b>Do:</b> Press ➕ Add and send one of the names: a worker starts with that session. Move files that you do not want out of the folder.
    <b>Over when</b> each of them has a worker or is gone.
runbook-redis-away =
    📖 <b>Redis is away</b>
    <b>Means:</b> The bot and the hosts exchange commands and states through Redis. Without it buttons do nothing, and states are out of date. Workers stay on Telegram; with <code>HOSTS=several</code> those that cannot renew their lease leave within 10 seconds, and come back by themselves.
    <b>Do:</b> Check that Redis runs, and what the card says about it: memory, disk, password. 💾 Health shows whether it answers.
    <b>Over when</b> Redis answers again.
runbook-token-conflict =
    📖 <b>Another program uses the bot's token</b>
    <b>Means:</b> Telegram gives each press to one program only. Workers are not affected.
    <b>Do:</b> Stop the other program: often a second Flotilla, an old server or a test. If you cannot find it, get a new token from @BotFather and put it into <code>BOT_TOKEN</code>.
    <b>Over when</b> Telegram gives presses to this bot again.
runbook-two-hosts =
    📖 <b>Hosts do not know of each other</b>
    <b>Means:</b> Two hosts use one Redis, and at least one of them has HOSTS=one: the same account could start on both.
    <b>Do:</b> Set <code>HOSTS=several</code> on every host and restart them, or stop the one that should not run.
    <b>Over when</b> only one host reports, or all have HOSTS=several.
runbook-backup =
    📖 <b>A backup needs attention</b>
    <b>Means:</b> The last try failed, or an archive is overdue, was not taken elsewhere, or has a damaged file.
    <b>Do:</b> The card says why. Free some disk space or fix <code>BACKUP_COMMAND</code>, then run <code>npm run flotilla -- backup</code> on the host.
    <b>Over when</b> a new archive is made and checked.
runbook-backup-place =
    📖 <b>Backup on the same disk</b>
    <b>Means:</b> One broken disk would take the sessions and their backup.
    <b>Do:</b> Set <code>BACKUP_DIR</code> to another disk, or <code>BACKUP_COMMAND</code> to take each archive elsewhere.
    <b>Over when</b> the next archive is elsewhere.
runbook-schedule =
    📖 <b>A schedule or a self-check</b>
    <b>Means:</b> A self-check found something wrong on a host, or copies of sessions or the restart at night failed for some workers.
    <b>Do:</b> The card has each reason and what to do. 🩺 Doctor looks again; 🗓 Schedules has ▶️ Run now.
    <b>Over when</b> the next run finds nothing wrong.
runbook-refused-job =
    📖 <b>Jobs were refused</b>
    <b>Means:</b> A process found jobs in Redis that it cannot trust, and carried none of them out.
    <b>Do:</b> The card says what is wrong: an old version, another FLEET_KEY, a wrong clock, or a stranger. If it is a stranger, change the Redis password, and check who can reach it.
    <b>Over when</b> half an hour passes without another one.
runbook-test =
    📖 <b>A test alert</b>
    <b>Means:</b> An admin pressed 🧪 Test alert: it shows that alerts reach you.
    <b>Do:</b> Press ✋ to end it.
    <b>Over when</b> an admin presses ✋.
runbook-drill =
    📖 <b>A drill</b>
    <b>Means:</b> An owner is practising: the alert goes the same way as a real one, from the first admin to all. Nothing is wrong.
    <b>Do:</b> Press ✋ as you would for a real one.
    <b>Over when</b> an admin presses ✋.
runbook-notice =
    📖 <b>A notice</b>
    <b>Means:</b> It tells you of something that is over or not urgent: a time when Flotilla was not running, a stranger who wrote, a route that stopped itself, the end of maintenance.
    <b>Do:</b> Read it. If it names a route: 🔀 Routes shows it.
    <b>Over when</b> it has been sent.

schedules-title = 🗓 <b>Schedules</b>
schedule-title = 🗓 <b>{ $name }</b>
schedule-archive = 💾 Archives
schedule-copies = 🧯 Copies of sessions
schedule-check = 🩺 Self-check
schedule-restart = 🔄 Restart at night
schedule-archive-how = Each host, and a bot with a folder of its own, puts its data folder into one encrypted, verified archive. A host that no one asks makes one by itself after 1.5 times the interval.
schedule-copies-how = Each session that was written since its newest copy gets a verified copy. The last 7 of them are kept, besides all others.
schedule-check-how = The doctor of each host looks for what is wrong. An alert tells what is new.
schedule-restart-how = Running workers are restarted one by one, on each host a trial first: if that one does not come online, the others stay as they are.
schedule-every = { $hours ->
    [1] Every hour
   *[other] Every { $hours } h
}
schedule-daily = Daily at { $at } ({ $zone })
schedule-cron = At <code>{ $pattern }</code> ({ $zone })
schedule-no-time = No time: BACKUP_EVERY_H is 0
schedule-next = ⏭ Next { IN($at) }
schedule-off = 💤 Off
schedule-never = It has not run yet.
schedule-all = For all workers ({ $count })
schedule-tag = For workers of #{ $tag } ({ $count })
schedule-everyone = All
schedule-late = late
schedule-run-running = ⏳ { AGO($at) }: under way, { $done } of { $total }
schedule-run-done = ✅ { AGO($at) }: { $done } of { $total } in { SPAN($ms) }
schedule-run-failed = ❌ { AGO($at) }: { $done } of { $total } in { SPAN($ms) }
schedule-run-skipped = ⏭ { AGO($at) }: skipped, the run before was not over

# A lost control.db: the one card of the bot until an owner has decided.
rescue-damaged = 🧯 <b>The database of this bot is damaged</b> on { $host }
rescue-missing = 🧯 <b>The database of this bot is missing</b> on { $host }
rescue-what = <code>{ $path }</code> cannot be used ({ $code }). It was last written { AGO($at) }.
rescue-where = <code>{ $path }</code> is not there, and there are backups of it.
rescue-runs = It holds admins, routes, settings, alerts and the audit. Workers and relays go by what their sessions know, and are not affected. Decide what this bot goes by.
rescue-copy = 💾 <b>Latest backup that can be used:</b> { AGO($at) }
rescue-copy-one = 💾 <b>Backup of</b> { AGO($at) }
rescue-copy-in = In it: { $workers ->
        [one] { $workers } worker
       *[other] { $workers } workers
    }, { $routes ->
        [one] { $routes } route
       *[other] { $routes } routes
    }, { $admins ->
        [one] { $admins } admin
       *[other] { $admins } admins
    }, { $alerts ->
        [one] { $alerts } open alert
       *[other] { $alerts } open alerts
    }.
rescue-lost = ⚠️ Lost with it: what changed between { DATE($at) } and { DATE($until) } ({ SPAN($ms) }): admins, routes, settings, the audit.
rescue-lost-since = ⚠️ Lost with it: what changed since { DATE($at) }: admins, routes, settings, the audit.
rescue-added = Workers that are not in it: { $names }. They come back into the list by themselves, their routes do not.
rescue-removed = In it, and not heard of now: { $names }.
rescue-unknown = Redis does not answer, so it is not known which workers are not in it.
rescue-no-copy = There is no backup of this host that can be used in <code>{ $folder }</code>. If you keep backups elsewhere, copy one there and press 🔄.
rescue-useless = The backup of { DATE($at) } cannot be used: { $why }.
rescue-why-wrong-fleet-key = another FLEET_KEY sealed it; put that one back and restart the bot
rescue-why-archive-damaged = it is damaged, or has no sound control.db
rescue-why-archive-foreign = it is no archive of Flotilla
rescue-why-archive-newer = a newer version of Flotilla made it; install that one
rescue-why-other = { $code }
rescue-older = 🗂 <b>Backups of this host</b>
rescue-older-how = Tap one to see what is in it. Nothing is changed by that.
rescue-ask-put = ♻️ <b>Put back the database of { DATE($at) }?</b>
rescue-ask-empty = 🆕 <b>Start with an empty database?</b>
rescue-empty-how = The people of ADMIN_IDS are owners. Other admins, all routes, settings, alerts and the audit have to be made again.
rescue-empty-instead = There is a backup of { DATE($at) } that can be used.
rescue-empty-workers = These workers come back into the list by themselves: { $names }.
rescue-kept = What is there now is kept beside it, as <code>control.db.replaced-…</code>. Workers are not restarted.
rescue-doing-put = ⏳ Putting back the database of { DATE($at) }…
rescue-doing-empty = ⏳ Starting with an empty database…
rescue-failed = 🧯 <b>It was not done.</b> { $why }
rescue-failed-do = Nothing was changed. Mend that, then press 🔄.
rescue-done-put = ✅ <b>The bot runs again</b> with the database of { DATE($at) } ({ $by }). What was in its place is kept beside it.
rescue-done-empty = ✅ <b>The bot runs again</b> with an empty database ({ $by }). What was in its place is kept beside it.
rescue-over = ✅ <b>The bot runs again.</b> Its database was put back by hand.
button-rescue-put = ♻️ Put back { DATE($at) }
button-rescue-put-yes = ♻️ Yes, put it back
button-rescue-older = 🗂 Older backups ({ $count })
button-rescue-copy = 💾 { DATE($at) }
button-rescue-empty = 🆕 Start empty, keep the file
button-rescue-empty-yes = 🆕 Yes, start empty
toast-rescue = The database of this bot is lost: see the card below.
audit-rescue-put = put back control.db of { DATE($at) }
audit-rescue-empty = began an empty control.db
audit-rescue-over = control.db was put back by hand

## Hosts

button-hosts = 🖥 Hosts
button-host = 🖥 Host
button-addat = 🖥 Here
button-addwhere = ➕ Add
button-hforget = 🗑 Forget host
button-hforgetyes = 🗑 Forget it, delete its workers
button-hforgetempty = 🗑 Forget it
button-hforgetkeep = 📦 Forget it, keep its workers listed
hosts-title = 🖥 <b>Hosts</b>
hosts-none = No host has been heard of yet. Start a supervisor: <code>docs/deploy</code>
hosts-without = 📦 Without a host ({ $count }):
host-workers = { $count ->
    [0] no workers
    [one] { $running } of 1 worker running
   *[other] { $running } of { $count } workers running
}
host-load = load { $load } %
host-room = room for { $room } more
host-version = version { $version }
host-memory = { $free } of { $total } GB memory free, { $cores ->
    [one] 1 core
   *[other] { $cores } cores
}
host-heard = heard { AGO($at) }
host-last = no contact for { FOR($at) }
host-never = not heard since the bot started
host-more = … and { $count } more
host-unknown = The fleet has no host <b>{ $host }</b>.
host-silent-how = If it only lost Redis: with HOSTS=one its workers may still be on Telegram, with HOSTS=several they leave within 10 seconds. A host that is gone for good can be forgotten here after a minute of silence.
hforget-ask = 🗑 <b>Forget host { $host }?</b> Do this only if it will not come back.
hforget-workers = { $count ->
    [one] It has 1 worker. Its session file is on that host, and the bot cannot reach it:
   *[other] It has { $count } workers. Their session files are on that host, and the bot cannot reach them:
}
hforget-how = The alert about it ends. If the host starts again after all, its workers are added back to the list.
add-where = On which host? The first has the most to spare.
add-nowhere = No host takes a new worker right now: each is out of reach or drained.
add-on = It will run on <b>{ $host }</b>.
worker-host-gone = without a host
details-host-gone = Without a host: <b>{ $host }</b>, which had its session, was forgotten. If that host starts again, the worker is back. Otherwise delete it in ⋯ More.
problem-host-gone = ❌ Its host { $host } was forgotten, so no supervisor can do that.
toast-host-unknown = The fleet has no host { $host }.
toast-host-lives = { $host } was heard less than a minute ago, or Redis is away. Nothing was done.
toast-host-forgotten = 🗑 { $host } is forgotten
toast-host-not-open = That host takes no workers now. Choose another one.
solved-host-forgotten = host forgotten by { $name }
audit-host-forgotten = forgot host { $host } ({ $count } workers)

## Move

button-move = 🚚 Move
button-moveto = 🚚 Move here
button-movestop = ✖️ Cancel the move
move-title = 🚚 <b>Move { $worker } to another host</b>
move-ask = Its session, copies and statistics travel along, sealed. The worker is off Telegram for some seconds; its routes go on where they were. If a step fails, it comes back here by itself.
move-nowhere = There is no other host that can take it now.
move-not-silent = it, or the present host, is not heard of
move-not-drained = it is drained and takes no workers
move-not-one = one of the two has HOSTS=one; set HOSTS=several on every host
move-not-older = one of the two is of an older version
move-not-version = the versions are too far apart; upgrade first
move-not-full = there is no memory left for another worker
move-step-pack = Stop on { $from }, copy and seal
move-step-unpack = Open and check on { $to }
move-step-start = Start on { $to }
move-step-clear = Move the old file on { $from } to its vault
move-step-drop = Take it out of use on { $to }
move-step-restart = Start on { $from } again
move-has = <b>{ $host }</b> has it.
move-has-now = <b>{ $host }</b> has it now.
move-why = ❌ It goes back: { $why }
move-cancelling = ✖️ Goes back after this step.
move-end-moved = ✅ Moved. It took { SPAN($ms) }.
move-end-back = ↩️ It is back where it was. It took { SPAN($ms) }.
move-none = <b>{ $worker }</b> is not moving.
toast-moving = { $worker } is moving already
toast-move-login = A login is under way. Finish or cancel it first.
toast-move-cancel = ✖️ Goes back after this step
toast-move-late = Too late: it was started on the new host.
problem-moving = { $worker } is moving to another host. Wait until it has arrived; 🚚 Move shows how far it is.
problem-host-silent = The new host did not answer.
problem-move-parcel-gone = What was packed expired in Redis.
problem-move-session-there = Another session of that name is on that host. Remove it there first.
problem-not-running = It did not come online there.
audit-move = move to { $host }

## Drain

button-drain = ⏏️ Drain
button-drainmove = 🚚 Move them
button-drainstop = ⏹ Stop them
button-draincancel = ✖️ Cancel the drain
button-drainend = ▶️ Take workers again
host-draining = ⏏️ being drained, takes no workers
host-drained = ⏏️ drained, takes no workers
drain-ask = ⏏️ <b>Drain { $host }?</b> It has { $count ->
    [one] 1 worker
   *[other] { $count } workers
}.
drain-ask-move = 🚚 Move them: one after the other to the host with the most to spare. Each is off Telegram for some seconds.
drain-ask-nowhere = No other host can take a worker now, so they cannot be moved.
drain-ask-stop = ⏹ Stop them: they stay on this host, and are off Telegram until you press ▶️ Take workers again.
drain-ask-closed = The host takes no workers until then, not by ➕ Add, not by 🚚 Move, and no floating ones.
drain-title-move = ⏏️ <b>Drain { $host }</b>: { $done } of { $count } handled, to other hosts
drain-title-stop = ⏏️ <b>Drain { $host }</b>: { $done } of { $count } handled, stopped there
drain-done-many = ✅ { $count ->
    [one] 1 worker
   *[other] { $count } workers
}
drain-running = Under way. You can leave this screen.
drain-cancelling = ✖️ Ends after the worker in hand. The rest stays.
drain-silent = 📵 { $host } is not heard of: the drain waits for it. If it will not come back, 🗑 Forget host ends this.
drain-over = { $count ->
    [0] ✅ Drained in { SPAN($ms) }: every worker is handled.
    [one] ⚠️ Ended after { SPAN($ms) }: 1 worker stays as it was.
   *[other] ⚠️ Ended after { SPAN($ms) }: { $count } workers stay as they were.
}
drain-closed = The host takes no workers until you press ▶️.
drain-end-taking = ▶️ { $host } takes workers again since { TIME($at) }.
drain-end-forgotten = 🗑 { $host } was forgotten at { TIME($at) }.
drain-none = <b>{ $host }</b> is not drained.
problem-drain-nowhere = no other host could take it
problem-drain-login = a login is under way; finish it and move the worker by hand
problem-drain-unknown = its host does not report it
problem-drain-cancelled = cancelled
problem-drain-gone = it is no longer on this host
toast-drain-not = { $host } is not heard of, or has no workers. Nothing was done.
toast-drain-nowhere = No other host can take a worker now.
toast-drain-cancel = ✖️ Ends after the worker in hand
toast-drain-end = ▶️ { $host } takes workers again
audit-drain-move = drained host { $host }: move { $count } workers
audit-drain-stop = drained host { $host }: stop { $count } workers
audit-drain-cancel = cancelled the drain of { $host }
audit-drain-end = { $host } takes workers again

## Floating workers

button-floating = 🛟 Floating
button-floaton = 🛟 Turn on
button-floatoff = ⚪️ Turn off
floating-title = 🛟 <b>Floating: { $worker }</b>
floating-on = 🟢 On. When <b>{ $host }</b> is not heard for 30 s, another host takes this worker over.
floating-off = ⚪️ Off. When its host is lost, this worker waits for it.
floating-record = Last record: { AGO($at) }
floating-how = While it is on, the worker keeps a sealed record in Redis: its key, its positions, and the messages that wait. Another host starts from it and fetches what came since. A host that you stop yourself keeps its workers.
floating-twice = Telegram refuses what was sent already. A bot or a webhook as target may get messages of the last seconds twice.
notice-taken-over = 🛟 <b>{ $from }</b> is lost: { $count ->
    [one] a floating worker runs
   *[other] { $count } floating workers run
} on <b>{ $to }</b> now.
notice-taken-over-names = { $names }
audit-taken-over = taken over from { $from } by { $to }
problem-hosts-one = Its host has HOSTS=one. Set HOSTS=several on all hosts.
