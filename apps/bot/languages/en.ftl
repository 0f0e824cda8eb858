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
button-resumeyes = ▶️ Yes, send again
button-rules = ♻️ Restart rules
button-ruleset = ↩️ Follow the fleet
button-proxy = 🧭 Proxy
button-proxyyes = 🧭 Yes, go that way
button-who = 👀 Who holds it?
button-use-phone = Use { $phone }
button-new-code = 🔁 New code
button-new-code-from = 🔁 New code (from { TIME($at) })
button-other-way = 📨 Other way
button-other-way-from = 📨 Other way (from { TIME($at) })
button-qr-instead = 📷 QR instead
button-alerts-count = 🚨 Alerts ({ $count })
button-alerts = 🚨 Alerts
button-logins = 🔐 Logins
button-health = 💾 Health
button-doctor = 🩺 Doctor
button-schedules = 🗓 Schedules
button-schedcron = ⏱ Another time
button-schedrun = ▶️ Run now
button-schedule-on = 🟢 Switch on
button-schedule-off = 💤 Switch off
button-settings = ⚙️ Settings
button-audit = 📒 Audit
button-auditfile = 📄 As a file
button-logfile = 📄 File
button-find = 🔎 Find
button-problems = ⚠️ Only problems
button-everybody = 👷 All of them
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
button-take = ✋ I take it
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
button-zone-off = 🛰 Times of the fleet
button-quiet-off = 🔔 No quiet hours
button-together = 📣 Tell everybody at once
button-one-by-one = 👤 Ask one after the other
button-admins = 👥 Admins
button-invite-viewer = ➕ Viewer
button-invite-operator = ➕ Operator
button-invite-owner = ➕ Owner
button-unadmin = 🗑 Take off the list
button-level-all = All
button-level-warn = ⚠️ Warnings
button-level-error = ❌ Errors
button-lqr = 📷 QR code
button-lphone = 🔢 Use phone instead
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
toast-already = Already asked by { $by }
toast-anonymous = You are an anonymous admin of this group, so I cannot see who you are. Turn off “Remain anonymous” for yourself, or use the private chat with me.
toast-stale = This screen is out of date
toast-gone = This worker does not exist any more.
toast-login-over = This login is over. Press 🔐 Authenticate to start again.
toast-login-cancelled = Login cancelled
toast-whole-code = Enter the whole code first.
toast-no-code = No code is asked for right now.
toast-refused = You are { $role ->
    [viewer] a viewer
    [operator] an operator
   *[owner] an owner
}; this needs { $needs ->
    [operator] an operator
   *[owner] an owner
}.
toast-alert-over = This alert is over.
toast-taken = ✋ It is yours
toast-taken-already = { $by } has it already
toast-muted = 🔕 Quiet until { CLOCK($until) }
toast-unmuted = 🔔 Not muted any more
toast-still-mute = 🔔 Its own mute is over. All workers are muted until { CLOCK($until) } (by { $by })
toast-still-maintenance = 🔔 Not muted any more. Maintenance holds its alerts until { CLOCK($until) } (by { $by })
toast-maintenance = ⏸ Maintenance until { CLOCK($until) }; one summary after it
toast-maintenance-over = ▶️ Maintenance ends
toast-test = 🧪 A test alert is on its way
toast-drill = 🧯 A drill begins
toast-log-gone = Press 🔄 Refresh first: these lines are not here any more.
toast-private = Codes are for the private chat only.
toast-proxy-private = In the private chat with me: what you type may hold a password.
toast-invite-private = In the private chat with me: everybody here could take the link.
toast-confirm-late = Too late: a confirmation is good for 30 s. Nothing was done.
toast-bulk-already = Already under way: { $by } asked for this { SPAN($ms) } ago
toast-bulk-stopping = ✋ Stops after the worker in hand
no-such-worker = There is no worker like “{ $name }”.
mute-done = 🔕 { $names }: muted for { SPAN($ms) }, until { CLOCK($until) }
unmute-done = 🔔 { $names }: not muted any more
mute-all-done = 🔕 All { $count } workers: muted for { SPAN($ms) }, until { CLOCK($until) }
unmute-all-done = 🔔 Nothing is muted any more: no worker and no alert.
mute-still-maintenance = But maintenance holds the alerts until { CLOCK($until) } (by { $by }).
mute-still-mute = But all workers are muted until { CLOCK($until) } (by { $by }). /mute all off ends that.
mute-which = “{ $name }” fits { $count } workers: { $names }. No worker was muted. For one worker, send its full name: <code>/mute { $name }… { $time }</code>. For all of them: <code>/mute { $name }* { $time }</code>
mute-usage = So: <code>/mute news_1 2h</code>, <code>/mute #eu 1d</code>, <code>/mute all 30m</code>, <code>/mute all off</code>
here-opened = This chat hears every alert now. Logins stay private. /here off closes it.
here-closed = Closed: this chat hears nothing any more.
here-only-groups = /here is for a group or a topic that gets the alerts.
login-in-private = Codes are for the private chat only: { $link }

## Why nothing was done

problem-redis-hangs = ❌ { why-redis-hangs } It may still be done within a minute.
problem-redis-silent = ❌ { why-redis-silent } So nothing was done. Try again in a moment.
problem-redis-gone = ❌ { why-redis-gone } So nothing was done. Try again in a moment.
problem-redis-no-name = ❌ { why-redis-no-name } So nothing was done. Try again in a moment.
problem-redis-memory = ❌ { why-redis-memory } So nothing was done. Try again in a moment.
problem-redis-read-only = ❌ { why-redis-read-only } So nothing was done. Try again in a moment.
why-redis-no-replica = No replica of Redis confirms what is written. Do: look at the replicas and the network between them.
problem-redis-no-replica = ❌ { why-redis-no-replica } So nothing was done. Try again in a moment.
problem-redis-disk = ❌ { why-redis-disk } So nothing was done. Try again in a moment.
problem-redis-loading = ❌ { why-redis-loading } So nothing was done. Try again in a moment.
problem-redis-busy = ❌ { why-redis-busy } So nothing was done. Try again in a moment.
problem-redis-password = ❌ { why-redis-password } So nothing was done. Try again in a moment.
problem-redis-permission = ❌ { why-redis-permission } So nothing was done. Try again in a moment.
problem-redis-full = ❌ { why-redis-full } So nothing was done. Try again in a moment.
problem-redis-away = ❌ { why-redis-away } It may still be done within a minute.
problem-not-sent = ❌ The command could not be sent.
problem-no-worker = This worker does not exist any more.
problem-sqlite-locked = Another program has the session file.
problem-not-connected = The account is not connected right now.
problem-no-such-worker = Its host does not know this worker. Press ▶️ Start to have it there.
problem-host-error = The supervisor could not do it; its log says why.
problem-login-busy = The step before is still under way.

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
help-start = <code>/start</code> – the menu; <code>/start news_1</code> opens a worker
help-menu = <code>/menu</code> – the whole fleet at a glance
help-workers = <code>/workers</code> – list of workers
help-status = <code>/status news_1</code> – one worker; a part of its name will do
help-restart = <code>/restart news_1</code> – restarts it
help-stop = <code>/stop news_1</code> – stops it
help-who = <code>/who news_1</code> – which process has its session
help-logs = <code>/logs news_1</code> – its log
help-login = <code>/login news_1</code> – logs its account in
help-proxy = <code>/proxy news_1</code> – gives it a proxy
help-mute = <code>/mute news_1 2h</code>, <code>/mute #eu 1h</code>, <code>/mute all off</code> – alerts without and with a sound
help-alerts = <code>/alerts</code> – open alerts, the worst first
help-health = <code>/health</code> – Redis, Telegram and the hosts
help-doctor = <code>/doctor</code> – what the fleet is in danger of
help-schedules = <code>/schedules</code> – copies, self-checks, restart at night
help-settings = <code>/settings</code> – language, quiet hours, admins
help-cancel = <code>/cancel</code> – ends a login or a question
help-here = <code>/here</code> – in a group: it hears every alert; <code>/here off</code> ends that
help-help = <code>/help</code> – this text
help-end = The name of a worker alone, such as <code>news_1</code>, opens it.
unknown-command = I know no command /{ $name }. /help lists all of them.
unknown-command-near = I know no command /{ $name }. Did you mean /{ $near }? /help lists all of them.
command-of-another = That command names another bot. For me it is /{ $name } alone.
unknown-text = I do not know what “{ $text }” means: no question is open, and no worker is called so. /help lists what I know.
command-status = One worker: /status news_1
command-restart = Restart one: /restart news_1
command-logs = Log of one: /logs news_1
command-mute = Mute: /mute news_1 1h, /mute all 1h
command-alerts = Alerts
command-health = Health
command-doctor = What the fleet is in danger of
command-schedules = Schedules
command-settings = Settings

## Every screen

updated = <i>updated { CLOCK($at) }</i>
old-card = <i>⬇️ There is a newer message further down.</i>
redis-away = 🔌 Redis is away: this is the last known state.
why-redis-hangs = Redis hangs: it takes connections and answers nothing. Do: look at its machine (stopped process, slow disk, CLIENT PAUSE).
why-redis-silent = Nothing answers at the address of Redis. Do: look whether its machine is on, and at the network and firewall in between.
why-redis-gone = Redis is not running: its port refuses connections. Do: start it, or correct REDIS_URL.
why-redis-no-name = The host name of Redis is not known. Do: correct REDIS_URL, or look at the name server.
why-redis-memory = Redis is out of memory and takes nothing new. Do: raise maxmemory, or make room.
why-redis-read-only = Redis is a read-only replica. Do: point REDIS_URL at the master.
why-redis-disk = Redis cannot write to its disk and so takes nothing new. Do: make room there, and look at its log.
why-redis-loading = Redis is loading its data. Do: wait until it is done.
why-redis-busy = Redis is busy with one long script. Do: wait, or end it with SCRIPT KILL.
why-redis-password = Redis refuses the user or the password. Do: correct them in REDIS_URL.
why-redis-permission = The user of REDIS_URL may not do this in Redis. Do: give it the rights of docs/safety.md.
why-redis-full = Redis takes no more connections. Do: raise maxclients, or end programs that have many.
why-redis-away = Redis cannot be reached. Do: look whether it runs, and whether this machine reaches it.
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
worker-next = next { IN($at) }
workers-found = with “{ $find }”
worker-day = { $count ->
    [one] { $count } message in 24 h
   *[other] { $count } messages in 24 h
}

## A new worker

add-title = ➕ <b>New worker</b>
add-ask = Send a name for it, such as news_1.
add-rule = <i>1 to 32 characters of a-z, 0-9, _ and -, starting with a letter.</i>
add-bad-name = Names have 1 to 32 characters of a-z, 0-9, _ and -, and start with a letter.
add-taken = There is a worker { $worker } already.
ask-find = 🔎 Send a part of a name or a tag.
ask-rename = ✏️ Send a display name for <b>{ $worker }</b>, or - to remove it. Its files keep their name.
ask-note = 📝 Send a note for <b>{ $worker }</b>, up to 200 characters, or - to remove it. Everybody who sees the card reads it.
ask-note-bad = That has { $length } characters. Send { $max } at most.
ask-proxy = 🧭 Send the proxy of <b>{ $worker }</b>: <code>socks5://user:password@host:port</code>, <code>socks4://host:port</code>, <code>http://user:password@host:port</code>, <code>mtproxy://secret@host:port</code>, <code>host:port:user:password</code> (SOCKS5), or a t.me/proxy link. Or <code>off</code>, to go as its host does. Your message is deleted at once.
ask-proxy-bad = That is no proxy that I know. Send it in one of these forms; a proxy that is reached by https:// cannot be used.
ask-proxy-away = The worker does not run. Start it first.
ask-tags = 🏷 Send the tags of <b>{ $worker }</b>, such as: news eu. Or - for none.
ask-schedcron =
    ⏱ Send the time, such as <code>04:30</code> for every day, or a cron pattern of minute, hour, day, month and weekday, such as <code>30 4 * * 1-5</code>. It counts in your time zone.
ask-schedcron-bad = That is no time: { $why } So: 04:30, or 30 4 * * 1-5
ask-quiet = 🌙 Send the hours in which only red alerts are told, such as 22:00-07:00 (in the fleet's time zone).
ask-zone =
    🕰 Which time zone are you in? Send a city such as <code>Berlin</code> or <code>America/New_York</code>, an offset such as <code>+3</code> or <code>UTC+05:30</code>, or the time that you have now, such as <code>14:35</code>.

    Only your private chat with this bot follows it. An offset or a time knows no summer time; a city does.
ask-zone-bad = No such city, offset or time. So: Berlin, +3 or 14:35
ask-quiet-bad = That is not a time span. So: 22:00-07:00
ask-delete =
    🗑 <b>{ $worker }</b> is stopped and taken off the list. Its session file and backups stay in the data folder.

    Telegram is not told: to end its login as well, press 🚪 Log out first.

    To delete it, send its name within 30 s.
ask-delete-bad = That is not its name. Nothing was done.

## A question that is open while another screen is shown

question-open = ❔ Still asked: { $asked }. Send it, or /cancel.
question-open-of = ❔ Asked of { $name }: { $asked }. Send it, or /cancel.
question-worker-name = the name of the new worker
question-find = what to find
question-rename = the new name of <b>{ $worker }</b>
question-note = the note of <b>{ $worker }</b>
question-tags = the tags of <b>{ $worker }</b>
question-delete = the name of <b>{ $worker }</b>, to delete it
question-quiet = the quiet hours
question-rwiz = the next step of the route that you are making
question-since = since when old messages of <b>{ $worker }</b> are fetched
question-proxy = the proxy of <b>{ $worker }</b>
question-zone = your time zone

## Worker Details

details-gone = There is no worker <b>{ $worker }</b> any more.
details-silent = Its host { $host } has not reported it. Is the supervisor running there?
details-account = Account: { $name } · id …{ $id }
details-no-account = Account: not logged in
details-process-only = pid { $pid }
details-process = pid { $pid } · up for { FOR($at) }
details-no-process = no process
details-status = <b>Status:</b> { $state } · for { FOR($since) }
details-status-next = <b>Status:</b> { $state } · for { FOR($since) } · next try { IN($at) }
details-network-held = 🔌 It waits for the network of its host; <b>{ $prober }</b> is asking.
details-network-prober = 🔌 No worker of this host has a network; this one is asking for all.
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
details-reading-waits = ⏳ What it missed can be asked for { IN($at) }: { $method } has to wait. New messages come all the same; a restart does not shorten it.
details-sending-stopped = ⛔ Sends nothing since Telegram answered { $reason }. It still reads. See @SpamBot, then press ▶️ Resume sending.
details-sending-waits = ⏳ Sends again { IN($at) }: Telegram asked to wait. A restart does not shorten it.
details-sending-halved = 🐢 Sends at most { $rate } a minute after three waits within an hour; the usual rate is back { IN($at) }.
resume-ask = ▶️ Let <b>{ $worker }</b> send again?
resume-meaning = Telegram answered { $reason }: people reported this account as spam, or it wrote to too many who do not know it. Look at @SpamBot with this account first. Sending on while the limit holds makes it longer, and can end in a ban.
resume-frozen = Telegram answered { $reason }: this account is frozen. Appeal in the Telegram app first; until then every call is refused, and this stops again.
resume-effect = What waits is sent at the usual rate. Waits that Telegram asked for stay.
resume-nothing = Nothing keeps <b>{ $worker }</b> from sending.
proxy-ask = 🧭 <b>{ $worker }</b> goes to Telegram through <code>{ $way }</code> from now on?
proxy-off-ask = 🧭 <b>{ $worker }</b> goes to Telegram as its host does from now on?
proxy-effect = It reconnects at once. Without the proxy the worker waits: no connection bypasses it. Telegram then sees another address.
details-way-own = 🧭 Through <code>{ $way }</code>
details-way-host = 🧭 Through <code>{ $way }</code> (as its host)
details-closed-chats = 🔒 Closed chats: { $chats }
details-not-logged-in = 🔑 Not logged in yet. Press 🔐 Authenticate (about 1 min).
details-fault = ⚠️ { $text } <i>({ $class }, { $code })</i>
details-do-login = Do: press 🔐 Authenticate (about 1 min). Missed messages are fetched after it.
details-do-banned = Do: appeal in the Telegram app, or write to recover@telegram.org.
details-do-gave-up = Do: look at 📜 Log, then press 🔄 Restart: it counts from 0 again.
details-alerts = 🚨 { $count ->
    [one] { $count } open alert
   *[other] { $count } open alerts
}
details-note = 📝 { $note }
details-vitals = Memory { $mb } MB · event loop late by { $lag } ms at most
more-title = ⋯ <b>{ $name }</b>
more-tags = Tags: { $tags }
more-no-tags = none
more-help = <i>Renaming changes what people see, not the files. Deleting asks for the name.</i>

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
doing-forget = 🗑 Deleting…
doing-who = 👀 Looking…
doing-other = ⏳ Working…
doing-slow = Still working ({ SPAN($ms) }).
done-start = ✅ Started { AGO($at) }
done-stop = ✅ Stopped { AGO($at) }
done-restart = ✅ Restarted { AGO($at) }
done-retry = ✅ Tried: it runs { AGO($at) }
done-check = ✅ Checked: Telegram answers { AGO($at) }
done-backup = ✅ Copy made, opened and checked { AGO($at) }
done-restore = ✅ Copy put back { AGO($at) }
done-remove-session = ✅ Session removed; it is among the backups { AGO($at) }
done-stop-holder = ✅ That process is gone { AGO($at) }
done-who = 👀 The host answered { AGO($at) }
done-other = ✅ Done { AGO($at) }
not-done = ❌ Not done: { $why }
no-answer = ❌ No answer from the manager; nothing was done. Is the supervisor running?
why-unknown = unknown reason
why-code = refused ({ $code })
problem-worker-runs = The worker runs: stop it first.
problem-given-up = It was tried three times and could not be done.
problem-unexpected = Something unexpected happened; the log says what.
problem-stopped = It was stopped before it was ready.
problem-not-ours = That program was not started by Flotilla, so it is not stopped.
problem-still-there = That process does not end.
problem-nothing-to-back-up = There is no session to copy yet.
problem-session-in-use = Another program has the session.
problem-call-timeout = Telegram did not answer in time.
problem-link-lost = The connection was lost meanwhile.
problem-gave-up = It gave up.

## Who has the session file

holder-ours = 👀 In the way: pid { $pid } <code>{ $command }</code> (user { $user }, { $state }{ $since }), started by Flotilla.
holder-not-ours = 👀 In the way: pid { $pid } <code>{ $command }</code> (user { $user }, { $state }{ $since }). I do not stop programs I did not start.
holder-since = , since { TIME($at) }
holder-hidden = (command not visible)
holder-ask = ⏹ <b>Stop the process that has the session of { $worker }?</b>
    pid { $pid } <code>{ $command }</code> (user { $user }, { $state }{ $since })
holder-effect = It was started by Flotilla. It is looked at again at the moment of the signal: if it is another program by then, or has let go of the file, nothing is stopped. The button is good for 30 s.
who-title = 👀 Looked { AGO($at) }. These have the session file open:
who-unseen = 👀 Looked { AGO($at) }. No program has the session file open.
who-ours = • pid { $pid } <code>{ $command }</code> (user { $user }, { $state }{ $since }), started by Flotilla
who-not-ours = • pid { $pid } <code>{ $command }</code> (user { $user }, { $state }{ $since }), not started by Flotilla: end it yourself
who-hidden = ⚠️ Not every program can be seen from here. Look on the machine: <code>sudo fuser -v</code> with the path of the file.
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
backups-line = • { AGO($at) } · { $why } · { $size } KB · { $state }
backups-no-help = None of these can bring a login back: they have the same key as the session, or do not open. If the login is gone, only 🔐 Authenticate helps.
backups-stop-first = To put one back, stop the worker first.
backups-choose = Press a copy to put it back. You are asked once more.
copy-verified = ✓ verified
copy-damaged = ✗ damaged
copy-unreadable = ✗ cannot be read now
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
    { AGO($at) } · { $why }
restore-effect = The session as it is now goes to the trash and can be put back in the same way. If the worker is meant to run, it starts again. The button is good for 30 s.
restore-gone = This copy is not in the list any more. Nothing was changed.

## Log

log-title = 📜 <b>Log of { $worker }</b>
log-fetching = ⏳ Fetching…
log-again = <i>Press 🔄 Refresh to fetch the lines again.</i>
log-no-answer = ❌ No answer from the manager. Is the supervisor running?
log-empty = <i>Nothing was logged yet.</i>
log-none-of-level = <i>None among the last lines.</i>

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
    [sms-word] Telegram sent a word by SMS. It has no keys here, and Telegram cancels words that are sent in chats.
    [sms-phrase] Telegram sent a phrase by SMS. It has no keys here, and Telegram cancels phrases that are sent in chats.
    [call] A call tells the code.
    [flash-call] A call comes and hangs up: the code is the last digits of its number.
    [missed-call] A call comes and hangs up: the code is the last digits of its number.
    [email] Code sent by e-mail, to the account's login address.
    [email-setup] Telegram sends this account no code before it has a login e-mail. Set one up in an official app.
    [fragment] Code sent to the account's page on fragment.com.
    [firebase] Telegram delivers this code to official apps alone.
   *[unknown] Telegram delivers this code in a way that this version does not know.
}
login-code = Code: <code>{ $dots }</code>   expires { IN($at) }
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
login-no-keys = Log in by QR code instead.
login-no-keys-other = Log in by QR code instead, or ask for a code another way.
login-typed-word = ❌ Don't send it as a message: Telegram cancels what is sent in chats. Ask for a new code, or log in by QR code.
login-wrong-code = ❌ Wrong code. Tries left: { $tries }.
login-code-expired = ❌ This code is no longer valid (too old, or it was sent in a chat).
login-wrong-password = ❌ Not right. Tries left before a pause: { $tries }. If it begins or ends with a blank, or stands in quotes itself, write it in quotes.
login-failed = ❌ { $why }
login-expired = ❌ The worker did not answer in time; nothing was done. Try again.

refusal-phone-invalid = ❌ That is not a full number. Use the country code: +49…
refusal-phone-banned = ❌ Telegram has banned this number. This tool cannot help; write to recover@telegram.org.
refusal-no-account = ❌ No account for this number. This tool does not create accounts.
refusal-phone-flood = ❌ Too many codes asked. Telegram wants a pause; try tomorrow.
refusal-password-flood = ❌ Too many tries. Stop for a day, or reset the password in Telegram.
refusal-too-many-codes = ❌ Too many wrong codes. Start again later, so that Telegram does not block the number.
refusal-too-many-passwords = ❌ Too many wrong passwords. Start again later, so that Telegram does not block the account.
refusal-flood-wait = ❌ Telegram asks to wait. Try again { IN($until) }.
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
refusal-qr-expired = ❌ No code was scanned in time. Start again with the second device at hand.
refusal-cancelled = ❌ The login was cancelled. The old session is untouched.
refusal-failed = ❌ That did not work; the worker's log says why. Try again.
refusal-other = ❌ Telegram refused: { $detail }.
login-ask-session =
    📎 Send the session: a .session file of Telethon, Pyrogram or Kurigram (up to 20 MB), or a session string of GramJS, Telethon or Pyrogram as text.
    Your message is deleted at once. It passes through this chat and goes sealed to the worker; it is stored nowhere else.
login-reading-session = ⏳ Looking at the session…
login-taking-session = ⏳ Putting the session in its place…
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
login-session-unknown = it does not say; the first connection tells
login-session-resumes = Updates continue where the old program stopped.
login-session-fresh = Updates begin with the first connection: this format does not say where the old program stopped.
login-session-api = It was made with API_ID { $api }, this fleet uses another one. Telegram ties a session to its API_ID: use the same one if you can.
login-session-warning = ⚠️ <b>The old program must stop for ever.</b> Telegram ends a session that two programs use. Is it stopped, and will nothing start it again?
login-session-taken = ✅ The session is { $worker }'s now. Its first connection checks the account. Never start the old program with it again.
login-session-too-large = ❌ That file is larger than 20 MB, which is as much as a bot can take. Import it on the machine: flotilla import.
login-session-not-fetched = ❌ The file could not be downloaded from Telegram. Send it again.
session-unasked = I deleted that session file: it is the account itself. To use it, open the worker, press 🔐 Authenticate, then 📎, and send it again.
login-elsewhere = ⚠️ A login asks you for a secret in the private chat. I deleted your message here, in case it was meant for that. Send the secret there.
login-not-deleted = ⚠️ I could not delete your message. Delete it yourself, now.
session-not-deleted = ⚠️ I could not delete the message with your session. Delete it yourself, now: it gives full access to the account.
refusal-already-used-by = ❌ This account already belongs to the worker { $who }. One account has one worker.
refusal-parcel-gone = ❌ The session got lost on its way. Send it once more.
refusal-session-duplicate = ❌ This session or its account already belongs to the worker { $who }. One account has one worker: use that one, or remove its session first.
refusal-session-neighbour-unknown = ❌ The worker { $who } has its session open and did not say which account it is. Restart it, then send this once more.
refusal-session-owned = ❌ Another Flotilla on this machine uses this session right now. Stop that one first, then send this once more.
refusal-import-bot = ❌ This session belongs to a bot. Flotilla runs user accounts only: a bot needs no session, its token is enough.
refusal-import-damaged = ❌ The file is damaged or was cut short. Copy it again while the old program is stopped.
refusal-import-malformed = ❌ This looks like a session, but a part of it is wrong or missing. Copy it again, whole.
refusal-import-media-dc = ❌ This key is for a data centre that only serves files. It is not an account's session.
refusal-import-not-logged-in = ❌ This session has no key: the old program never finished its login. Log in here, by phone or QR code.
refusal-import-other-fleet-key = ❌ This session was encrypted with another FLEET_KEY. Export it where it was made: flotilla export.
refusal-import-tdata = ❌ This is Telegram Desktop's own folder (tdata), which cannot be taken over. Log in by QR code instead; Telegram Desktop stays logged in.
refusal-import-test-server = ❌ This session was made on Telegram's test servers. It does not exist on the real ones.
refusal-import-unknown-format = ❌ This is no session that I know. I read .session files of Telethon, Pyrogram and Kurigram, and session strings of GramJS, Telethon, Pyrogram and mtcute.
login-qr-asking = ⏳ Asking Telegram for a QR code…
login-qr =
    📷 Scan the picture with the Telegram app of this account: Settings → Devices → Link Desktop Device.
    New picture at { TIME($at) } ({ $count }). It needs a second device; with one phone only, use the number.
login-qr-caption = Telegram → Settings → Devices → Link Desktop Device
login-unanswered = { $worker } did not answer in time. Look whether it runs (👷 Worker Details), then do it once more.
login-again = The bot was restarted in the middle of this step. Your place is kept: do it once more.

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
confirm-start = ▶️ Start <b>{ $name }</b>? One after the other; if the first one fails, the others stay as they are.
confirm-stop = ⏹ Stop <b>{ $name }</b>? Nothing is read or relayed until they are started again. Sessions stay.
confirm-restart = 🔄 Restart <b>{ $name }</b>? One after the other; if the first one fails, the others are not touched.
confirm-maintenance = ⏸ Stop <b>{ $name }</b> for maintenance? No alerts meanwhile.
confirm-limit = <i>The button works until { TIME($at) }.</i>

## Many workers at once

bulk-gone = Nothing is known of this any more.
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
bulk-running = Under way: { $done } done, { $failed } not done, { $left } to go.
bulk-stopping = Stopping after the worker in hand: { $done } done, { $failed } not done, { $left } left as they are.
bulk-done = { $done ->
    [one] ✅ Done.
   *[other] ✅ All { $done } done.
}
bulk-incomplete = ⚠️ Ended: { $done } done, { $failed } not done, { $left } left as they are.
bulk-end-login = 🔑 { $count ->
    [one] { $count } waits
   *[other] { $count } wait
} for a login:
bulk-end-connecting = 🔄 { $count } not on Telegram yet:
bulk-end-locked = 💾 { $count } locked, session in use elsewhere:
bulk-end-stuck = ❌ { $count }: { $reason }:
bulk-end-failed = ❌ { $count } failed ({ $reason }):
bulk-end-left = ▫️ { $count } left as { $count ->
    [one] it was:
   *[other] they were:
}
bulk-current = Now: { $workers }
bulk-canary = <i>The first one is a trial: the others wait for it.</i>
bulk-canary-failed = The first one did not come up, so the others were not touched.

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
roll-plan-bot = At last the bot. The chat answers some seconds later.
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
    [0] Every session has its owner
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
health-backup-same-disk = on the disk of the sessions
health-storage = 🗄 Session files: lock waits p95 { $p95 } ms · longest hold { $hold } ms · largest journal { $kb } KB
health-emptied = emptied { AGO($at) } or later
health-redis-away = Redis has been away for { FOR($at) }: { $why }
health-poll = Presses arrive
health-poll-away = Presses have not arrived for { FOR($at) }
health-ping = Dead-man ping { AGO($at) }
health-ping-failed = Dead-man ping has not worked yet
health-no-ping = <i>No dead-man ping is set (DEAD_MAN_URL).</i>
health-second = Second path for alerts: set
health-no-second = <i>No second path for alerts is set (ALERT_WEBHOOK_URL, ALERT_SMTP_URL).</i>
health-unreachable = The bot cannot reach: { $names }. They have to press Start.

## Doctor

doctor-title = 🩺 <b>Doctor</b>
doctor-no-host = No host has a worker yet.
doctor-looking = Looking…
doctor-nothing = ✅ Nothing found.
doctor-again = Press 🔄 Refresh to look again.
doctor-more = … and { $count } more: run npm run flotilla -- doctor on that host.
doctor-help = <i>Permissions, keys, session files, locks, copies, Redis, network, clock, stop time. It only looks; nothing is changed.</i>

## Settings

settings-title = ⚙️ <b>Settings</b>
settings-you = You: { $role }
settings-zone = 🕰 Your times: { $zone } ({ $name })
settings-zone-fleet = 🕰 Times: those of the fleet ({ $name })
settings-quiet = 🌙 Quiet hours { $from }–{ $to } ({ $zone }, the fleet's time zone): only red alerts are told
settings-no-quiet = 🌙 No quiet hours
settings-together = 📣 Everybody hears of an alert at once
settings-one-by-one = 👤 Alerts ask the first admin, after 15 min the next one, after 60 min everybody
settings-places = 💬 Groups: { $names }
settings-no-place = 💬 No group. An owner writes /here in one to open it.
admins-title = 👥 <b>Admins</b>
admins-unreachable = unreachable: has to press Start
admins-help = <i>Viewers look. Operators run workers and take alerts. Owners do everything. Those of ADMIN_IDS are owners for good.</i>
admins-link = Pass this link on. It works once, for 15 min:
admin-title = 👤 <b>{ $name }</b> · { $role }
admin-gone = This admin is not on the list any more.
notice-joined = 👥 { $name } came with an invitation and is { $role ->
    [viewer] a viewer
    [operator] an operator
   *[owner] an owner
} now.
invitation-open = You are on the list already, as { $role ->
    [viewer] a viewer
    [operator] an operator
   *[owner] an owner
}. The invitation is still open, for another person. An owner changes your role in ⚙️ Settings → 👥 Admins.
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
audit-drill = began a drill
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
audit-quiet = quiet hours { $hours }
audit-quiet-off = quiet hours off
audit-note = note: { $note }
audit-note-off = note removed
audit-together = alerts go to everybody at once
audit-one-by-one = alerts go to one after the other
audit-invited = made an invitation: { $role }
audit-joined = came with the invitation of { $by }: { $role }
audit-role = { $name } is { $role } now
audit-removed = took { $name } off the list
audit-chat-moved = Route { $route }: the group { $chat } became the supergroup { $to }, which is followed
audit-place-moved = The group { $chat } became the supergroup { $to }, which stays open for the fleet
audit-name-moved = Route { $route } stopped: a name in it leads to another chat than before
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
alert-locked-by = In the way: pid { $pid } <code>{ $command }</code> (user { $user })
alert-locked-by-other = In the way: pid { $pid } <code>{ $command }</code> (user { $user }). I do not stop programs I did not start: end it on the machine.
details-locked = ⚠️ Another program has the session file. Never delete the file: when that program ends, the worker starts.
alert-broken-next = The file is looked at every 30 s; the worker starts by itself when the cause is gone. No restart is tried before.
alert-storage = 🟠 💾 <b>{ $worker }</b>: its session file is slow{ $times ->
    [1] { "" }
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
alert-action = { $verb ->
    [restart] 🔄 Restarting…
    [retry] 🔁 Trying…
    [wake] ⏩ Trying…
    [drop] 🧹 Dropping…
    [check] 🩺 Checking…
    [who] 👀 Looking…
    [stop] ⏹ Stopping…
    [start] ▶️ Starting…
   *[other] ⏳ { $verb }
} asked by { $by } { TIME($at) }
alert-solved = ✅ <b>{ $what }</b> #A{ $n } solved after { SPAN($ms) } ({ $how })
alert-what-redis-away = Redis
alert-what-refused-job = Refused jobs
alert-what-token-conflict = Token conflict
solved-itself = by itself
solved-command = by { $verb }, { $by }
solved-stopped = stopped by { $by }
solved-deleted = worker deleted by { $by }
solved-replaced = it came up; what is wrong with its account is an alert of its own
solved-route-off = the route is off
solved-route-gone = the route was removed
alert-key-duplicated = Telegram saw this session from two addresses and cancelled it for good ({ $code }). A backup will not help: it has the same key. No restart will be tried.
alert-banned = 🔴 🔑 <b>{ $worker }</b>: account frozen or banned
alert-banned-how = Telegram says { $code }. The worker is stopped for good.
alert-banned-do = Do: appeal in the Telegram app, or write to recover@telegram.org.
alert-limited = 🔴 ⚠️ <b>{ $worker }</b>: Telegram limits this account for strangers
alert-limited-how = Telegram answered { $code }. Sending is stopped; reading continues.
alert-limited-do = Do: look at @SpamBot with this account. When the limit is over, press ▶️ Resume sending.
alert-offline = 🟡 🔌 <b>{ $worker }</b> has been offline since { TIME($at) }
alert-offline-how = The connection is tried again and again by itself. Nothing has to be done.
alert-flood = ⏳ <b>{ $worker }</b>: Telegram asks to pause for { SPAN($ms) }, until { CLOCK($until) }
alert-gap = 🟠 🔍 <b>{ $worker }</b> lost messages{ $times ->
    [1] { "" }
   *[other] { " " }· { $times } times
}
alert-gap-outage = Back after { $how ->
    [offline] { SPAN($ms) } offline
   *[update] an outage (last update { SPAN($ms) } before)
}: missed { $missed }, recovered { $recovered }, lost ≥ { $lost }.
alert-gap-outage-long = After it was offline: missed { $missed }, recovered { $recovered }, lost ≥ { $lost }.
alert-gap-live = Lost ≥ { $lost } while it was connected.
alert-gap-too-many = ≥ { $lost }: more than Telegram gives at once. The rest of that chat is not fetched.
alert-gap-unreadable = ≥ { $lost }: this version cannot read what Telegram sent.
alert-gap-do = Press ✋ to close this.
alert-quiet = 🟡 🔍 <b>{ $worker }</b>: { $source } silent { SPAN($ms) } (usual { SPAN($rhythm) })
alert-withheld = 🟡 🔍 <b>{ $worker }</b>: Telegram withholds newer messages of { $source }
alert-quiet-none = Checked: no newer message on the server. Nothing is lost.
alert-quiet-found = Checked: { $found } newer found and fetched.
alert-quiet-withheld = Checked: the server has newer messages that it does not give. They are asked for again and again.
alert-closed = 🟡 ⚠️ <b>{ $worker }</b> cannot read { $source } any more ({ $reason })
alert-closed-how = { $others ->
    [0] No other chat is read.
    [one] The other one continues.
   *[other] The other { $others } go on.
}
alert-closed-do = Do: let the account in again, or leave this chat out of the route.
alert-unknown-chat = 🟡 🔎 Route <b>{ $route }</b>: { $worker } has no chat { $chats }
alert-unknown-chat-meant = Nothing comes from there. Do: write { $meant } in the route.
alert-unknown-chat-do = Nothing comes from there. Do: let { $worker } into that chat, or correct it in the route.
alert-poison = 🟠 📦 Route <b>{ $route }</b>: { $count ->
    [one] { $count } message
   *[other] { $count } messages
} set aside
alert-poison-why = Not taken: { $reason }
alert-poison-do = Those behind go on. Do: Retry when the cause is gone, or Drop.
alert-route-blocked = 🟠 ⛔ Route <b>{ $route }</b> is stuck: { $worker } cannot deliver to { $target } ({ $code })
alert-sender = 🟡 📤 Route <b>{ $route }</b> waits for its sender { $worker }
alert-route-rights = Do: let { $worker } write there again (in a channel: as an admin who may post).
alert-route-access = Do: add { $worker } to that chat again, or change the target of the route.
alert-route-limited = Telegram limits sending of { $worker } ({ $code }). Do: look at @SpamBot, then press Resume sending.
alert-route-topic = Do: open the topic again, or give the route another one.
alert-route-name = Do: a name leads to another chat now than when the route was made. Look who has it, then press ⏩ Try now to mean that chat, or write the number of the old one in the route.
alert-route-loop = Do: the same message came back again and again, so the route stopped itself. Check its chats, then press ⏩ Try now.
alert-route-webhook = Do: look at the webhook; it answered { $code }.
alert-route-sender = { $worker } does not run, is not connected, or needs a login. Do: look at it.
alert-route-other = Do: look at the target; nothing else of this route is tried before.
alert-route-waiting = { $some ->
    [0] The message waits; it is not lost, and it is tried again by itself.
   *[other] The messages wait; none is lost, and they are tried again by themselves.
}
alert-service-chat = 🔁 Route <b>{ $route }</b> was switched off: { $chat } is a service chat of Telegram. Telegram cancels a login code that is passed on, so no account could log in while the route was on.
alert-loop = 🔁 Route <b>{ $route }</b> was switched off: what it delivers to { $to } would come back to { $back }, for ever. Change its target or its sources, then switch it on again.
alert-flood-all = Nothing is read or sent until then; what is said meanwhile is fetched.
alert-flood-reading = What was missed cannot be asked for until then. New messages come, sending continues.
alert-flood-sending = Sending waits, reading continues. Waiting messages are kept; none is lost.
alert-flood-how = It continues then. More tries would make the pause longer.
alert-host-away = 🔴 🖥 <b>{ $host }</b> does not answer ({ $workers ->
    [one] { $workers } worker
   *[other] { $workers } workers
})
alert-host-how = Last heard at { TIME($at) }. If its supervisor ended, its workers ended with it. If it only cannot reach Redis, they may run on.
alert-host-do = Do: look whether { $host } is up and its supervisor runs.
alert-trouble-detail = <code>{ $detail }</code>
alert-trouble-key-written-back = 🔴 🔑 <b>{ $host }</b>: its fleet.key was deleted and is written back
alert-trouble-key-written-back-do = Do: find out what deletes files in the data folder, and keep a copy of the key outside of it.
alert-trouble-key-changed = 🔴 🔑 <b>{ $host }</b>: its fleet.key holds another key now
alert-trouble-key-changed-do = Workers run on with the old key. After a restart no session opens. Do: put the old key back before you restart { $host }.
alert-trouble-key-damaged = 🔴 🔑 <b>{ $host }</b>: its fleet.key is damaged
alert-trouble-key-damaged-do = Workers run on. After a restart no session opens. Do: move the damaged file away; the key is written back within seconds.
alert-trouble-key-unwritable = 🔴 🔑 <b>{ $host }</b>: its fleet.key is gone and cannot be written back
alert-trouble-key-unwritable-do = Workers run on; do not restart { $host } now. Do: make its data folder writable; the key is written back within seconds.
alert-trouble-folder-gone = 🔴 📁 <b>{ $host }</b>: its data folder was moved or deleted
alert-trouble-folder-gone-do = Its workers leave Telegram. Do: put the folder back in its place, then restart { $host }.
alert-trouble-record-deleted = 🔴 🗂 <b>{ $host }</b>: its host.db was deleted
alert-trouble-record-deleted-do = Workers run on. Do: restart { $host } when it suits you. Before that, put the saved content (.rescued) in the place of host.db.
alert-trouble-record-set-aside = 🔴 🗂 <b>{ $host }</b>: its host.db was damaged, a new one was begun
alert-trouble-record-set-aside-do = Workers that ran here were started; counters of crashes and messages begin again. Nothing else is lost than those counters, own restart rules, and which workers were stopped. Do: look at the disk, and at which workers should be stopped. Rules that you miss: <code>restore --archive … --only host.db</code> on { $host }.
alert-trouble-record-unwritable = 🔴 🗂 <b>{ $host }</b>: its host.db cannot be written
alert-trouble-record-unwritable-do = Workers run on, and buttons work. Until it can be written, a restart of { $host } forgets what was changed. Do: make room on its disk.
alert-trouble-disk-full = 🔴 💾 <b>{ $host }</b>: its disk is full. Folder and free space:
alert-trouble-disk-full-do = Accounts stay connected; what cannot be written waits or is refused with this reason. Do: make room on it; everything continues without a restart.
alert-trouble-control-disk-full = 🔴 💾 <b>{ $host }</b>: the disk of the bot is full. Folder and free space:
alert-trouble-control-disk-full-do = Accounts stay connected and relay. Buttons that would have to write answer with this reason. Do: make room on it; everything continues without a restart.
alert-disk-direct = 🔴 💾 { $host }: the disk of the bot is full ({ $detail } free). Accounts stay connected; buttons that would have to write cannot. Make room; everything continues without a restart.
problem-disk-full = ❌ The disk of the bot is full, so nothing was done. Make room, then press again.
alert-trouble-clock-apart = 🟠 🕰 <b>{ $host }</b>: its clock differs from the one of Redis
alert-trouble-clock-apart-do = Commands work; times in the chat are wrong by as much. Do: turn on time synchronisation (NTP) on both machines.
alert-trouble-sessions-idle = 🟠 📁 <b>{ $host }</b>: session files without a worker
alert-trouble-sessions-idle-do = Nothing uses them. Do: press ➕ Add and send one of these names; the worker starts with that session, without a login.
alert-trouble-control-deleted = 🔴 🗂 <b>{ $host }</b>: the bot's control.db was deleted
alert-trouble-control-deleted-do = The bot runs on, but a restart would lose admins, routes and settings. Do: stop Flotilla, put the saved content (.rescued) in the place of control.db, start it again.
alert-trouble-supervisor-ended = 🔴 🖥 <b>{ $host }</b>: its supervisor ended, all its workers are off Telegram
alert-trouble-supervisor-ended-do = It is started again by itself; the workers come back one after the other. What was sent meanwhile is fetched. Why it ended: logs/supervisor.log in the data folder.
alert-trouble-supervisor-down = 🔴 🖥 <b>{ $host }</b>: its supervisor ends again and again, all its workers are off Telegram
alert-trouble-supervisor-down-do = It is tried once a minute. Do: read logs/supervisor.log in the data folder; it ends with the reason.
alert-host-network = 🟠 🔌 <b>{ $host }</b>: { $count ->
    [one] its worker has been
   *[other] all { $count } workers have been
} offline since { TIME($at) }: the network of the host, not the sessions
alert-host-network-do = Do: look at the network of { $host }. Sessions are fine; workers come back one after the other.
alert-redis-away = 🟠 🔌 <b>Redis away</b>
alert-redis-how = Workers go on; buttons cannot do anything until it is back, and states are old.
alert-redis-how-several = With HOSTS=several a worker may not stay on Telegram without its lease: workers whose lease cannot be renewed leave within 10 seconds, so that no second host uses their session, and come back by themselves. Buttons cannot do anything until then.
alert-redis-how-no-memory = Workers that are on Telegram stay: their leases can still be renewed. One that is started now waits. Buttons cannot do anything until there is room.
alert-redis-do = Do: look whether Redis runs, and whether this machine reaches it.
alert-refused-job = 🔴 <b>Jobs were refused in { $queue }</b>: { $count }. Nothing of them was carried out.
alert-refused-unsigned = { $count } not signed: a stranger with access to Redis wrote them, or a program of version 0.1 still runs. Do: bring every host to this version.
alert-refused-wrong-signature = { $count } with a wrong signature: they were changed or moved in Redis, or a program has another FLEET_KEY. Do: give every host the same FLEET_KEY.
alert-refused-too-old = { $count } signed more than a week ago: old jobs were put back into Redis, or a clock is wrong. Do: compare the clocks of the hosts.
alert-refused-unreadable = { $count } that are no jobs: another program writes into this Redis. Do: give it a Redis, or a database number, of its own.
alert-refused-again = { $count } carried out before: they were put back into Redis. After a restore of Redis there is nothing to do.
alert-refused-do = If that is not it: see who reaches Redis, and change its password (docs/safety.md).
alert-two-hosts = 🔴 <b>Hosts that do not know of each other run together</b>: { $hosts }
alert-two-hosts-how = HOSTS=one is set on at least one of them. The same account could be started on both; Redis and Telegram would then be all that keeps them apart.
alert-two-hosts-do = Do: set HOSTS=several in the .env of every host and restart them, or stop the one that should not run.
alert-backup = 🟠 <b>The backup of host { $host } needs you</b>
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
alert-backup-do = Do: see the reason, mend it, and run <code>npm run flotilla -- backup</code> on the host. <code>docs/runbooks/backup.md</code> has the settings.
alert-backup-place = 🟡 <b>The backup of host { $host } lies on the disk of its sessions</b>
alert-backup-place-do = One broken disk takes both. Do: set BACKUP_DIR to another disk, or BACKUP_COMMAND to take each archive elsewhere (rclone, restic, scp).
backup-failed = The last try failed: { $why }
backup-not-sent = The archive is made, but BACKUP_COMMAND did not take it: { $why }
backup-too-old = The last good one is of { DATE($at) }.
backup-never = There is none since { DATE($at) }.
backup-damaged = { $count ->
    [one] A file in it was damaged or not readable.
   *[other] { $count } files in it were damaged or not readable.
}
alert-token-conflict = 🔴 <b>Another program polls with this bot's token</b> (409)
alert-token-how = I keep trying every 30 s. Workers are not affected, but presses go to the other one.
alert-token-do = Do: stop the other program, or make a new token with @BotFather.
alert-test = 🧪 <b>Test alert</b>, asked for by { $by }
alert-test-how = If you read this, alerts reach you. Press ✋ to end it.
alert-drill = a session needs a login (not really: { $by } began a drill)
alert-drill-how = It goes the way of a real one: the next admin after 15 min, everybody after 60. Press ✋ to end it.
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
alert-taken = ✋ { $by } takes care of it
alert-muted = 🔕 muted until { CLOCK($until) }
alert-solved-group = ✅ #A{ $n }: { $count ->
    [2] both
   *[other] all { $count }
} solved after { SPAN($ms) }
notice-fleet-away = ⚠️ <b>Flotilla did not run</b> from { DATE($from) } to { CLOCK($to) } ({ SPAN($ms) }). No admin had stopped it: the processes were killed, or the machine was off.
notice-fleet-off = Off Telegram meanwhile: { $count } of { $total } workers (<b>{ $names }</b>). What was sent meanwhile is fetched.
notice-fleet-missing = ❌ Not back yet: { $count } (<b>{ $names }</b>).
notice-bot-away = ⚠️ <b>The bot did not run</b> from { DATE($from) } to { CLOCK($to) } ({ SPAN($ms) }). No admin had stopped it. The workers kept running.
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
alerts-title-day = 🕓 <b>Alerts of 24 h</b> ({ $count })
crew-over = ✅ None of these workers has an open alert any more.
alerts-none = None. ✅
alerts-since = · { AGO($at) }
alerts-took = solved after { SPAN($ms) }
second-unanswered = no admin took these alerts for an hour
second-away = the bot cannot reach Telegram{ $proxy ->
    [none] { "" }
   *[other] { " " }through { $proxy }
} since { CLOCK($at) }; { $count ->
    [one] { $count } alert waits
   *[other] { $count } alerts wait
}

## Faults, by code where there are words for it, else by class

fault-sqlite-empty = The session file is empty (0 bytes): its content is lost. Put a copy back.
fault-sqlite-not-a-database = The session file is something else, or its beginning was overwritten. Put a copy back.
fault-sqlite-truncated = The session file is shorter than it should be: a part of it is lost. Put a copy back.
fault-sqlite-corrupt = The session file is damaged inside. Put a copy back, and have a look at the disk.
fault-key-unreadable = The key in the session file was changed (its checksum is wrong). Put a copy back, and have a look at the disk.
fault-sqlite-missing = The session file is gone, though there was one. Put a copy back.
fault-sqlite-deleted = The session file was deleted while the worker ran. Find out by whom, then restore a copy.
fault-sqlite-replaced = Another file replaced the session file while the worker ran. Find out by whom; the worker did not touch it.
fault-sqlite-full = The disk is full. Free some space: the worker continues.
fault-sqlite-readonly = The session file cannot be written to (read-only disk, or permissions). When it is writable again, the worker continues.
fault-sqlite-foreign-owner = The session file belongs to another user. Give it back to the user that Flotilla runs as (chown): the worker continues.
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

route-gone = There is no route <b>{ $route }</b> any more.
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
route-other-version = 🔴 { $reader } works by other routes than these. They are sent to it again; if this stays, see its log and the clocks of both hosts.
route-silent = { $reader } has not reported this route yet.
route-counts = Matched { $matched } · delivered { $delivered } · filtered out { $filtered } · protected { $skipped }
route-followed = Edits followed { $edited } · deletions { $deleted }
route-left-out = Too old { $old } · edits of forwards not followed { $forwarded }
route-cut = ✂️ Parts of long texts that the target refused { $count }
route-unreached = Edits and deletions that did not reach all of their message { $count }
route-no-reply = Delivered without their answer { $count }
route-no-media = Delivered without their photo, file, poll or place { $count }
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
route-moved = ↪️ Became a supergroup and is followed: { $chats }
route-unknown = ⚠️ Not known to this account: { $chats }
route-fill-running = 📥 Fetching old messages: { $fetched } so far
fill-title = 📥 <b>{ $route }</b>: fetch old messages. At most 2,000 of each source, a page a second; what was delivered before does not come again.
button-fill-f20 = Last 20
button-fill-f200 = Last 200
button-fill-fday = Last 24 h
button-fill-fweek = Last 7 d
button-fill-fsince = 📅 Since a day…
button-fill-stop = ✖️ Stop fetching
button-leave-out = 🚫 Leave out { $name }
ask-since = 📥 Since when? Send a day, such as 2026-11-01 or 2026-11-01 14:30 (in the time zone of this chat).
ask-since-bad = That is not a day of the past. So: 2026-11-01
route-fill-wanted = 📥 Fetching old messages: { $fetched } of { $wanted } so far
route-fill-waits = Telegram asked to wait; it continues { IN($at) }
route-fill-done = 📥 Old messages: { $taken } taken of { $fetched }, { $known } were delivered before
route-fill-cancelled = 📥 Fetching was cancelled after { $fetched }
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
dry-running = ⏳ Looking at the last messages…
dry-empty = There are no messages in its sources.
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
button-route-fill = 📥 Fetch old ones
button-route-retry = 🔁 Retry
button-route-drop = 🧹 Drop
button-route-wake = ⏩ Try now
button-route-remove = ❌ Remove
button-route-new = ➕ New route
toast-route-saved = ✅ Saved
route-problem-duplicate = ❌ There is a route { $route } already.
route-problem-stranger = ❌ There is no worker { $worker } in this fleet.
route-problem-saved = ❌ Saved Messages of { $worker } cannot be a source.
route-problem-person = ❌ { $worker } delivers to channels, groups and Saved Messages (me), never to a person.
route-problem-bot-saved = ❌ The bot has no Saved Messages: name a chat.
route-problem-forward = ❌ Only a worker can forward; use copy for the bot or a webhook.
route-problem-forward-private = ❌ Private chats and small groups can be forwarded by { $worker } itself only; use copy.
route-problem-targets = ❌ { $worker } would deliver to more than { $count } chats.
route-problem-misnumbered = ❌ { $worker } has no chat { $chat }. The number that you mean is { $meant }.
route-problem-service-chat = ❌ { $chat } is a service chat of Telegram. Login codes come from there, so no route may read it or write to it.
route-problem-loop = ❌ A loop: what is delivered to { $to } would come back to { $back }.
route-problem-bad-template = ❌ { $token } is no field of a text: { $fields }. A brace is written twice.
route-problem-other = ❌ This route cannot be used as it is.
route-problem-rule-quote = ❌ The filter, at character { $at }: this " is not closed.
route-problem-rule-unread = ❌ The filter, at character { $at }: this cannot be read.
route-problem-rule-flags = ❌ The filter, at character { $at }: after a regular expression only i is known.
route-problem-rule-regex-end = ❌ The filter, at character { $at }: a regular expression ends with /.
route-problem-rule-comma = ❌ The filter, at character { $at }: write or between words, not a comma.
route-problem-rule-unknown = ❌ The filter, at character { $at }: it can only be { $token }.
route-problem-rule-sender = ❌ The filter, at character { $at }: { $token } is no sender. Write @username or a number.
route-problem-rule-empty = ❌ The filter, at character { $at }: a word is empty.
route-problem-rule-close = ❌ The filter, at character { $at }: this ) has no (.
route-problem-rule-open = ❌ The filter, at character { $at }: a ) is missing.
route-problem-rule-surplus = ❌ The filter, at character { $at }: this is one word too many.
route-problem-rule-missing = ❌ The filter, at character { $at }: a word is missing.
route-problem-rule-deep = ❌ The filter, at character { $at }: brackets are nested too deeply.
route-problem-rule-long = ❌ The filter: a regular expression has at most { $token } characters.
route-problem-rule-regex = ❌ The filter: { $token } is not a regular expression that can be used here.
button-route-gone = ❌ Remove for good
route-sure = Remove the route <b>{ $route }</b>? What waits on it is given up.
toast-route-removed = Removed
audit-route = changed the route { $route }
audit-route-removed = removed the route { $route }
button-route-edit = ✏️ Change
route-topics = Topics: { $from } → { $into }
route-topic-all = all
ask-route-bad = ❌ I could not read that: sources in the first line, one target in the second.

## Routes, step by step

rwiz-title-new = ➕ <b>New route</b> { $route }
rwiz-title-edit = ✏️ <b>Change the route</b> { $route }
rwiz-none = You are not making a route. ➕ New route starts one.
rwiz-name = Which name? Send one (a-z, 0-9, _ and -), or take this one.
rwiz-lines =
    In a hurry? Send it all in three lines:
    1. what to read: <code>@channel</code>, or numbers, with spaces between
    2. where to: <code>@chat</code>, <code>other_worker @chat</code>, <code>bot @chat</code>, or an https address
    3. which messages (may be left out): <code>btc or eth</code>
rwiz-reader = Which worker reads?
rwiz-chats = Which chats should { $reader } read? Tap one or more; or send <code>@name</code>, a number or a link; or forward a message. Then continue.
rwiz-topic = Which topic of { $chat }? A link to a message in it will do, too.
rwiz-into = Into which topic of { $chat }? A link to a message in it, or its number, will do, too.
rwiz-general = General
rwiz-filter = Which messages? Tap one, or send words: <code>btc or eth</code>, <code>"to the moon" not scam</code>, <code>/^buy/i</code>. All rules: docs/relays.md.
rwiz-action = What is done with them? Instead, send a template to copy with: <code>{ $example }</code>
rwiz-kind = Where do they go?
rwiz-sender = Which worker delivers?
rwiz-target = Where does { $sender } write? Tap a chat where it may, or send <code>@name</code>, a number or a link.
rwiz-target-bot = Which chat? Tap one, or send <code>@name</code> or a number of a chat where the bot is. In a channel it has to be an admin.
rwiz-url = Send the address, with https. Each message is posted there as JSON, signed.
rwiz-now = Now: <code>{ $value }</code>
rwiz-listing = ⏳ Asking the worker for the list…
rwiz-no-list = The list is not here. Refresh asks for it; what you send counts without it, too.
rwiz-empty = Nothing to choose from.
rwiz-me = Saved Messages
rwiz-s-from = { $reader } reads { $chats }
rwiz-s-topic = 🗂 topic { $topic }
rwiz-s-to = Goes to { $target }
rwiz-bad-name = ❌ A name has 1 to 32 of a-z 0-9 _ - and starts with a letter.
rwiz-name-taken = ❌ There is a route { $name } already.
rwiz-unknown-chat = ⚠️ { $worker } has no chat { $chats }. Nothing comes from there until it is let in. Is it written correctly?
rwiz-bad-chat = ❌ { $chat } is no chat: send @name, a number such as -1001234567890, or a link.
rwiz-invitation = ❌ An invitation link names no chat. Let the account join with it first; then send @name or the number, choose it from the list, or forward a message.
rwiz-many-chats = ❌ A route reads up to 50 chats.
rwiz-no-chats = ❌ Choose at least one.
rwiz-tap = ❌ That is no answer that I know here: tap one of the buttons. Where workers are asked for, a name will do, too.
rwiz-bad-topic = ❌ Send the number of the topic, or a link to a message in it.
rwiz-long-filter = ❌ A filter has up to 500 characters.
rwiz-long-template = ❌ A template has up to 1,000 characters.
rwiz-bad-url = ❌ That is no https address without a password in it (http only on this machine).
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
chart-no-data = No numbers yet: they are collected from now on.
chart-longest-wait = Longest flood wait { SPAN($ms) }
chart-no-picture = <i>No picture: the package @napi-rs/canvas is not there on this machine. The table has the same numbers.</i>
chart-failed = <i>The picture could not be drawn; the log of the bot says why. The table has the same numbers.</i>

## Other devices, logging out, removing a session

button-devices = 📱 Other devices
button-logout = 🚪 Log out
button-rmsession = 🧹 Remove session
button-yes-logout = 🚪 Yes, log out
button-yes-login = 🔐 Yes, log in
button-yes-rmsession = 🧹 Yes, remove it
confirm-logout =
    🚪 <b>Log out { $name } on Telegram?</b>
    A verified copy is made first, but no copy can bring this login back: Telegram forgets the key. The worker then needs a new login. Other devices of the account stay logged in; sources, routes and backups stay.
confirm-login =
    🔐 <b>Log { $name } in once more?</b>
    It is on Telegram now. For the new login it leaves, and reads and relays nothing until you are done or cancel. Its session stays as it is until the new one works.
confirm-rmsession =
    🧹 <b>Remove the session of { $name }?</b>
    The worker is stopped and its session file goes to the backups, checked, from where it can be put back. Telegram is not told: the device stays on its list until you log out.
doing-logout = 🚪 Logging out…
done-logout = ✅ Logged out on Telegram { AGO($at) }
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
devices-help = <i>Asked { AGO($at) }. A device that you do not know? End that login in Telegram → Settings → Devices.</i>

details-stale = 📵 <b>{ $host } was last heard { AGO($at) }.</b> What follows is what it said then; how it is now is not known.
worker-stale = not heard for { FOR($at) } (was: { $state })
menu-stale = not heard
host-silent = 📵 { $host } not heard for { FOR($at) } ({ $count ->
    [one] { $count } worker
   *[other] { $count } workers
})
second-token = Telegram does not know this bot's token any more (401). The bot asks again once a minute and is silent until then; workers go on. If it stays so, start it with a valid BOT_TOKEN.

## Limits, and acts on a tag

button-limits = 🚦 Limits
button-tag-start = ▶️ Start #{ $tag }
button-tag-restart = 🔄 Restart #{ $tag }
button-tag-stop = ⏹ Stop #{ $tag }
limits-title = 🚦 <b>Limits</b>
limits-sends = 📤 Each account sends at most { $count } messages a minute (<code>SENDS_PER_MINUTE</code>)
limits-chat = 💬 Into one chat: one message per { SPAN($gap) }, at most { $count } a minute (fixed; every route keeps to it)
limits-targets = 🎯 A worker relays into at most { $count } chats (fixed)
limits-waits = ⏳ Telegram's waits are kept in full plus a second; three within an hour halve the rate for a day (fixed)
limits-slower = 🐢 { $worker }: { $count } a minute at present
limits-starts = 🚀 Between two starts { SPAN($ms) } (<code>START_SPACING_S</code>)
limits-restarts = 🔁 Restart after { SPAN($delay) } (<code>RESTART_DELAY_S</code>); gives up after { $count } in { SPAN($window) } (<code>RESTART_LIMIT</code>, <code>RESTART_WINDOW_S</code>)
limits-memory = 🧠 A worker is replaced over { $mb } MB (<code>WORKER_MEMORY_MB</code>)
limits-alerts = 🚨 Alerts are told at once; a card of one cause grows for { SPAN($ms) } without a second sound (<code>ALERT_HOLD_S</code>); at most 6 new ones a minute per chat (fixed)
limits-where = <i>The names in brackets are settings in .env of the machine; they count from its next start. Other hosts may have others.</i>

## Login: another account than before

button-lkeep = ✅ Continue
button-undo = ↩️ Undo
login-changed = ⚠️ <b>{ $worker } was { $before }, now { $now }.</b>
    Sources and rules stay; what { $before } has not read yet is not fetched any more. Undo logs { $now } out again here and leaves everything as it was.
login-keeping = ⏳ Keeping { $now }…

### Restart rules of one worker

rules-title = ♻️ <b>Restart rules of { $name }</b>
rules-delay = After a crash: again after { SPAN($ms) }
rules-limit = At most { $count } restarts in { SPAN($window) }, then it stays down and tells you
rules-locked = Session in use: again after { $delays }; never counted
rules-never = Lost network and waits of Telegram are never counted. An ended session, a ban and a bad configuration are never restarted.
rules-own = These are this worker's own.
rules-fleet = These are the fleet's, from its configuration. A button gives this worker its own.
rules-unknown = The host of <b>{ $worker }</b> has not said what its rules are. Is it running?
rules-button-d = ⏱ { SPAN($ms) }
rules-button-l = { $count } ×
rules-button-w = in { SPAN($ms) }
rules-button-k = 💾 { SPAN($ms) }

## What to do about each kind of alert: docs/runbooks/alerts.md has the same texts, and more

runbook-crash =
    📖 <b>A worker crashed</b>
    <b>Means:</b> The worker's process ended by itself or was killed. It is started again after a pause; what was sent meanwhile is fetched.
    <b>Do:</b> Nothing, if it happens once. If it comes back: 📜 Log shows the first error; SIGKILL without an error means that a program or the kernel killed it; OOM means that it needs more memory (<code>WORKER_MEMORY_MB</code>).
    <b>Over when</b> the worker is connected again.
runbook-gave-up =
    📖 <b>A worker gave up</b>
    <b>Means:</b> It crashed too often, or for a reason that no restart can help. It stays down until an admin acts.
    <b>Do:</b> Look at the first error in 📜 Log and mend it, then press 🔄 Restart: the count begins from 0.
    <b>Over when</b> the worker is connected again.
runbook-broken =
    📖 <b>A session file cannot be used</b>
    <b>Means:</b> The file is damaged, gone, or on a disk that is full or read-only. The worker does not run; nothing is deleted.
    <b>Do:</b> Disk or rights: put them right, the worker starts by itself. A damaged or lost file: 🧯 Backups, put a copy back.
    <b>Over when</b> the worker has opened its session.
runbook-locked =
    📖 <b>A session file is in use</b>
    <b>Means:</b> Another program has the session file open, or another host runs this session.
    <b>Do:</b> 👀 Who holds it? names the program. End that program, never delete the file or its journal. On another host: stop the worker there.
    <b>Over when</b> the worker has opened its session.
runbook-needs-login =
    📖 <b>A session needs a login</b>
    <b>Means:</b> Telegram ended this session: in Telegram → Settings → Devices, or because it saw the session from two addresses (AUTH_KEY_DUPLICATED).
    <b>Do:</b> Press 🔐 Authenticate (about 1 min). 🔁 Look again asks Telegram once more. After AUTH_KEY_DUPLICATED find the second place where the session runs first.
    <b>Over when</b> the account is connected.
runbook-banned =
    📖 <b>An account is frozen or banned</b>
    <b>Means:</b> Telegram refuses every call of this account. Flotilla cannot help, and stops the worker.
    <b>Do:</b> Appeal in the Telegram app, or write to recover@telegram.org. When Telegram lifts it, press 🔁 Look again.
    <b>Over when</b> the account is connected.
runbook-limited =
    📖 <b>Telegram limits an account</b>
    <b>Means:</b> People reported the account as spam, or it wrote to too many strangers (PEER_FLOOD). Sending is stopped, reading continues.
    <b>Do:</b> Ask @SpamBot with this account when the limit ends. Then press ▶️ Resume sending; before that it makes the limit longer.
    <b>Over when</b> the account is connected without the limit.
runbook-offline =
    📖 <b>A worker is offline</b>
    <b>Means:</b> The connection to Telegram does not come about; it is tried again and again. What is sent meanwhile is fetched later.
    <b>Do:</b> Nothing at first. If other workers of the host are well: its own proxy, or 🩺 Check now. If all are offline, look at the network of the host.
    <b>Over when</b> the worker is connected.
runbook-flood =
    📖 <b>Telegram asks to pause</b>
    <b>Means:</b> Too many calls of one kind. The worker obeys; what waits is kept.
    <b>Do:</b> Wait. A restart does not shorten it. If it comes often, send less: 🚦 Limits in ⚙️ Settings.
    <b>Over when</b> the pause has passed.
runbook-gap =
    📖 <b>Messages are lost</b>
    <b>Means:</b> Telegram did not give messages that were sent while the worker was away, or this version cannot read them.
    <b>Do:</b> Look at the chat in Telegram if they matter: they do not come back by themselves. If a version cannot read them, update Flotilla.
    <b>Over when</b> an admin presses ✋.
runbook-quiet =
    📖 <b>A chat is unusually quiet</b>
    <b>Means:</b> No message came for longer than is usual for this chat. The card says what a look at the server found.
    <b>Do:</b> Look at the chat in Telegram. 🩺 Check now asks Telegram whether the connection is well. A chat that sleeps: 📡 Sources, leave it out of the watch.
    <b>Over when</b> a message of it arrives.
runbook-closed =
    📖 <b>A chat cannot be read any more</b>
    <b>Means:</b> The account was removed from the chat, or the chat is gone or private now.
    <b>Do:</b> Let the account in again, or take the chat out of the route.
    <b>Over when</b> the chat can be read, or no route names it.
runbook-unknown-chat =
    📖 <b>A route names an unknown chat</b>
    <b>Means:</b> A source of a route is no chat that the reading account has: a wrong number or name, or the account is not in it.
    <b>Do:</b> Write the number that the card names in the route (🔀 Route → ✏️ Change), or let the account into the chat.
    <b>Over when</b> the account has the chat, or no route that is on names it.
runbook-storage =
    📖 <b>A session file is slow</b>
    <b>Means:</b> The disk of the machine is slow or almost full, or a program keeps the file's journal from being emptied.
    <b>Do:</b> Look at the disk: how full, how busy, on the network or not. 👀 Who holds it? names a program that has the file open.
    <b>Over when</b> five minutes pass without a long wait.
runbook-poison =
    📖 <b>Messages of a route are set aside</b>
    <b>Means:</b> The target refuses these messages for what they are. Those behind them go on.
    <b>Do:</b> Change what the card names (rights of the target, its limits), then 🔁 Retry; or 🧹 Drop if they do not matter.
    <b>Over when</b> nothing of the route is set aside.
runbook-route-blocked =
    📖 <b>A route is stuck</b>
    <b>Means:</b> The target takes nothing of this route. The messages wait, in order; none is lost.
    <b>Do:</b> Do what the card names, such as rights in the target, then ⏩ Try now. Or change the target on 🔀 Route.
    <b>Over when</b> a message is delivered, or the route is off or gone.
runbook-sender =
    📖 <b>A route waits for its sender</b>
    <b>Means:</b> The worker that sends for this route does not run, is not connected or needs a login. The messages wait.
    <b>Do:</b> Open 👷 Details of the sender and do what its card says.
    <b>Over when</b> the sender is connected, or the route is off or gone.
runbook-host-network =
    📖 <b>A host has no network</b>
    <b>Means:</b> All workers of the host are offline together: it is the network, not the sessions.
    <b>Do:</b> Look at the network of the machine, its DNS and its proxy (<code>TELEGRAM_PROXY</code>). 🩺 Doctor asks Telegram from each host.
    <b>Over when</b> a worker of the host is connected.
runbook-host-away =
    📖 <b>A host does not answer</b>
    <b>Means:</b> The bot hears nothing of the host's supervisor. The machine is off, its supervisor ended, or it does not reach Redis.
    <b>Do:</b> Look whether the machine is up, then at the supervisor: <code>npm run flotilla -- status</code> there, and <code>logs/supervisor.log</code> in its data folder.
    <b>Over when</b> the host reports again.
runbook-host-files =
    📖 <b>Something is wrong with a host</b>
    <b>Means:</b> Its key, its data folder, one of its databases, its disk, its clock or its supervisor: the card names which, and the path.
    <b>Do:</b> Do what the card says, first of all before a restart. 🩺 Doctor examines the host and changes nothing.
    <b>Over when</b> the host reports that it is well again.
runbook-sessions-idle =
    📖 <b>Session files without a worker</b>
    <b>Means:</b> The data folder has sessions that no worker of the list uses, such as after <code>control.db</code> was lost.
    <b>Do:</b> ➕ Add with one of the names starts a worker with that session. What you do not want: move the file out of the folder.
    <b>Over when</b> each of them has a worker or is gone.
runbook-redis-away =
    📖 <b>Redis is away</b>
    <b>Means:</b> The bot and the hosts exchange commands and states through Redis. Without it buttons do nothing, and states are old.
    <b>Do:</b> Look whether Redis runs, and what the card says of it: memory, disk, password. 💾 Health shows whether it answers.
    <b>Over when</b> Redis answers again.
runbook-token-conflict =
    📖 <b>Another program uses the bot's token</b>
    <b>Means:</b> Telegram gives each press to one program only. Workers are not affected.
    <b>Do:</b> Stop the other program: often a second Flotilla, an old server or a test. If you do not find it: a new token from @BotFather, into <code>BOT_TOKEN</code>.
    <b>Over when</b> Telegram gives presses to this bot again.
runbook-two-hosts =
    📖 <b>Hosts do not know of each other</b>
    <b>Means:</b> Two hosts use one Redis, and at least one of them has HOSTS=one: the same account could start on both.
    <b>Do:</b> Set <code>HOSTS=several</code> on every host and restart them, or stop the one that should not run.
    <b>Over when</b> only one host reports, or all have HOSTS=several.
runbook-backup =
    📖 <b>A backup needs you</b>
    <b>Means:</b> The last try failed, an archive is overdue, was not taken away, or has a damaged file.
    <b>Do:</b> The card says why. Free the disk or mend <code>BACKUP_COMMAND</code>, then run <code>npm run flotilla -- backup</code> on the host.
    <b>Over when</b> an archive was made and checked.
runbook-backup-place =
    📖 <b>Backup on the same disk</b>
    <b>Means:</b> One broken disk takes the sessions and their backup.
    <b>Do:</b> Set <code>BACKUP_DIR</code> to another disk, or <code>BACKUP_COMMAND</code> to take each archive elsewhere.
    <b>Over when</b> the next archive lies elsewhere or was taken.
runbook-schedule =
    📖 <b>A schedule or a self-check</b>
    <b>Means:</b> A self-check found something wrong on a host, or copies of sessions or the restart at night failed for some workers.
    <b>Do:</b> The card has each reason and what to do. 🩺 Doctor looks again; 🗓 Schedules has ▶️ Run now.
    <b>Over when</b> the next run finds nothing wrong.
runbook-refused-job =
    📖 <b>Jobs were refused</b>
    <b>Means:</b> A process found jobs in Redis that this fleet did not sign. Nothing of them was carried out.
    <b>Do:</b> The card says what is the matter: an old version, another FLEET_KEY, a wrong clock, or a stranger. For a stranger: change the password of Redis, and see who reaches it.
    <b>Over when</b> half an hour passes without another one.
runbook-test =
    📖 <b>A test alert</b>
    <b>Means:</b> An admin pressed 🧪 Test alert: it shows that alerts reach you.
    <b>Do:</b> Nothing.
    <b>Over when</b> an admin presses ✋.
runbook-drill =
    📖 <b>A drill</b>
    <b>Means:</b> An owner practises: the alert goes the way of a real one, from the first admin to all. Nothing happened.
    <b>Do:</b> Press ✋ as you would for a real one.
    <b>Over when</b> an admin presses ✋.
runbook-notice =
    📖 <b>A notice</b>
    <b>Means:</b> It tells of something that is over or needs no hurry: a pause of Flotilla, a stranger who wrote, a route that stopped itself, the end of a maintenance.
    <b>Do:</b> Read it. If it names a route: 🔀 Routes shows it.
    <b>Over when</b> it was told.

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
schedule-every = Every { SPAN($ms) }
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
