# Тексты чата на языке Fluent (https://projectfluent.org). Как добавить или изменить текст: CONTRIBUTING.md.
# Время показывается в часовом поясе читателя. На живых экранах сначала относительное: AGO($at) – «3 мин назад (12:04:31)»,
# IN($at) – «через 23 ч (завтра, 08:15)», FOR($at) – «3 мин (с 12:04:31)». В сообщениях, которые остаются как есть (тревоги, уведомления,
# ответы), оно скоро стало бы неверным: TIME($at) – время суток там, с датой, если это не сегодня, CLOCK($at) – то же с часовым поясом,
# DATE($at) – всегда с датой. SPAN($ms) – промежуток, например «3 мин».
# Теги вроде <b> – это HTML Telegram; на кнопках их нет.

## Единицы

unit-s = с
unit-min = мин
unit-h = ч
unit-d = дн
away-ago = { $length } назад
away-ago-now = только что
away-in = через { $length }
away-in-short = меньше чем через 1 мин
away-in-now = сейчас
away-for = { $length } (с { $time })
away-for-short = меньше 1 мин (с { $time })
day-tomorrow = завтра, { $time }
day-yesterday = вчера, { $time }

## Состояния воркера

state-STOPPED = остановлен
state-STARTING = запускается
state-CATCHING_UP = догоняет пропущенное
state-RUNNING = в порядке
state-DEGRADED = работает частично
state-RECONNECTING = переподключается
state-FLOOD = ждёт (флуд)
state-LOCKED = сессия занята
state-BACKOFF = ждёт перезапуска
state-GAVE_UP = сдался
state-BROKEN = файл сессии непригоден
state-NEEDS_LOGIN = нужен вход
state-LOGGING_IN = идёт вход
state-IN_USE = занят другой программой
state-BANNED = заблокирован
state-MAINTENANCE = обслуживание
state-STOPPING = останавливается

## Кнопки

button-workers = 👷 Воркеры
button-add = ➕ Добавить
button-refresh = 🔄 Обновить
button-back = ⬅️ Назад
button-menu = ⬅️ Меню
button-cancel = ✖️ Отмена
button-details = 👷 Подробно
button-worker-details = 👷 Карточка воркера
button-start = ▶️ Запустить
button-stop = ⏹ Остановить
button-restart = 🔄 Перезапустить
button-login = 🔐 Войти
button-check = 🩺 Проверить
button-look = 🔁 Спросить ещё раз
button-log = 📜 Журнал
button-retry = 🔁 Повторить
button-backups = 🧯 Копии
button-bnow = 💾 Сделать копию
button-restore-copy = 🧯 Вернуть { DATE($at) }
button-restore-yes = 🧯 Вернуть { $worker }
button-hstop = ⏹ Остановить процесс
button-hstop-yes = ⏹ Остановить процесс { $pid }
button-resume = ▶️ Возобновить отправку
button-resumeyes = ▶️ Да, отправлять снова
button-rules = ♻️ Правила рестартов
button-ruleset = ↩️ Как у всех
button-proxy = 🧭 Прокси
button-proxyyes = 🧭 Да, идти так
button-who = 👀 Кто её держит?
button-use-phone = Взять { $phone }
button-new-code = 🔁 Новый код
button-new-code-from = 🔁 Новый код (с { TIME($at) })
button-other-way = 📨 Другим способом
button-other-way-from = 📨 Другим способом (с { TIME($at) })
button-qr-instead = 📷 Лучше по QR
button-alerts-count = 🚨 Тревоги ({ $count })
button-alerts = 🚨 Тревоги
button-logins = 🔐 Входы
button-health = 💾 Здоровье
button-doctor = 🩺 Осмотр
button-record = ♻️ Копия от { DATE($at) }
button-recordyes = ♻️ Вернуть из копии
button-recordno = 👌 Оставить как есть
button-schedules = 🗓 Расписания
button-schedcron = ⏱ Другое время
button-schedrun = ▶️ Запустить сейчас
button-schedule-on = 🟢 Включить
button-schedule-off = 💤 Выключить
button-settings = ⚙️ Настройки
button-audit = 📒 Аудит
button-auditfile = 📄 Файлом
button-logfile = 📄 Файлом
button-find = 🔎 Найти
button-problems = ⚠️ Только проблемы
button-everybody = 👷 Все
button-more = ⋯ Ещё
button-mute = 🔕 Тишина 1 ч
button-unmute = 🔔 Вернуть звук
button-mute-all = 🔕 Тишина для всех 1 ч
button-unmute-all = 🔔 Вернуть звук всем
button-maintain = ⏸ Обслуживание 1 ч
button-maintain-off = ▶️ Конец обслуживания
button-rename = ✏️ Переименовать
button-note = 📝 Заметка
button-tags = 🏷 Метки
button-delete = 🗑 Удалить воркера
button-take = ✋ Беру на себя
button-these = 🔄 Перезапустить эти { $count }
button-first-log = 📜 Журнал первого
button-crew = 👷 Показать все { $count }
button-hush = 🔕 Тишина 4 ч
button-test = 🧪 Проверка тревоги
button-drill = 🧯 Учение
button-runbook = 📖 Что делать
button-alerts-open = Открытые
button-alerts-taken = Взятые
button-alerts-muted = Без звука
button-alerts-day = 24 ч
button-all-start = ▶️ Запустить всех
button-all-stop = ⏹ Остановить всех
button-all-restart = 🔄 Перезапустить всех
button-yes-start = ▶️ Да, запустить
button-yes-stop = ⏹ Да, остановить
button-yes-restart = 🔄 Да, перезапустить
button-yes-maintenance = ⏸ Да, на обслуживание
button-bulkstop = ✋ Прервать
button-quiet = 🌙 Тихие часы
button-zone = 🕰 Мой часовой пояс
button-zone-off = 🛰 Время парка
button-quiet-off = 🔔 Без тихих часов
button-together = 📣 Сообщать всем сразу
button-one-by-one = 👤 Спрашивать по очереди
button-admins = 👥 Администраторы
button-invite-viewer = ➕ Наблюдатель
button-invite-operator = ➕ Оператор
button-invite-owner = ➕ Владелец
button-unadmin = 🗑 Убрать из списка
button-level-all = Все
button-level-warn = ⚠️ Предупреждения
button-level-error = ❌ Ошибки
button-lqr = 📷 QR-код
button-lphone = 🔢 По телефону
button-lfile = 📎 У меня есть файл сессии
button-luse = ✅ Старая программа остановлена навсегда
language-en = English
language-ru = Русский
role-viewer = наблюдатель
role-operator = оператор
role-owner = владелец

## Ответы на нажатия

toast-schedule-runs = ▶️ Запущено
toast-schedule-running = Уже выполняется
toast-queued = ⏳ В очереди
toast-asked = ⏳ Спрашиваю…
toast-already = Такую команду уже дали: { $by }
toast-anonymous = Вы анонимный администратор этой группы, и я не вижу, кто вы. Выключите у себя «Анонимность» или пишите мне в личный чат.
toast-stale = Этот экран устарел
toast-gone = Такого воркера больше нет.
toast-login-over = Этот вход завершён. Нажмите 🔐 Войти, чтобы начать заново.
toast-login-cancelled = Вход отменён
toast-whole-code = Сначала введите код целиком.
toast-no-code = Код сейчас не нужен.
toast-refused = Вы { $role ->
    [viewer] наблюдатель
    [operator] оператор
   *[owner] владелец
}; для этого нужен { $needs ->
    [operator] оператор
   *[owner] владелец
}.
toast-alert-over = Эта тревога уже закончилась.
toast-taken = ✋ Записано за вами
toast-taken-already = Этим уже занимается { $by }
toast-muted = 🔕 Тишина до { CLOCK($until) }
toast-unmuted = 🔔 Звук снова включён
toast-still-mute = 🔔 Своей тишины больше нет. Тишина для всех воркеров до { CLOCK($until) } ({ $by })
toast-still-maintenance = 🔔 Звук снова включён. Обслуживание держит тревоги до { CLOCK($until) } ({ $by })
toast-maintenance = ⏸ Обслуживание до { CLOCK($until) }; потом одна сводка
toast-maintenance-over = ▶️ Обслуживание закончено
toast-test = 🧪 Проверочная тревога отправлена
toast-drill = 🧯 Учение началось
toast-log-gone = Сначала нажмите 🔄 Обновить: этих строк уже нет.
toast-private = Вход – только в личном чате.
toast-proxy-private = Только в личном чате со мной: в тексте может быть пароль.
toast-invite-private = Только в личном чате со мной: здесь ссылку может взять любой.
toast-confirm-late = Поздно: подтверждение действует 30 с. Ничего не сделано.
toast-bulk-already = Уже выполняется: { $by }, { SPAN($ms) } назад
toast-bulk-stopping = ✋ Остановится после текущего воркера
no-such-worker = Воркера, похожего на «{ $name }», нет.
mute-done = 🔕 { $names }: тишина на { SPAN($ms) }, до { CLOCK($until) }
unmute-done = 🔔 { $names }: звук снова включён
mute-all-done = 🔕 Все воркеры ({ $count }): тишина на { SPAN($ms) }, до { CLOCK($until) }
unmute-all-done = 🔔 Тишины больше нет: ни у воркеров, ни у тревог.
mute-still-maintenance = Но обслуживание держит тревоги до { CLOCK($until) } ({ $by }).
mute-still-mute = Но тишина для всех воркеров действует до { CLOCK($until) } ({ $by }). Отменить: /mute all off
mute-which = «{ $name }» подходит к нескольким воркерам ({ $count }): { $names }. Тишина не включена. Для одного: <code>/mute { $name }… { $time }</code> с полным именем. Для всех: <code>/mute { $name }* { $time }</code>
mute-usage = Так: <code>/mute news_1 2h</code>, <code>/mute #eu 1d</code>, <code>/mute all 30m</code>, <code>/mute all off</code>
here-opened = Теперь все тревоги приходят и сюда. Входы – только в личном чате. /here off закрывает.
here-closed = Закрыто: сюда больше ничего не приходит.
here-only-groups = /here – для группы или темы, куда должны приходить тревоги.
login-in-private = Вход – только в личном чате: { $link }

## Почему ничего не сделано

problem-redis-hangs = ❌ { why-redis-hangs } В течение минуты это ещё может выполниться.
problem-redis-silent = ❌ { why-redis-silent } Ничего не сделано; повторите чуть позже.
problem-redis-gone = ❌ { why-redis-gone } Ничего не сделано; повторите чуть позже.
problem-redis-no-name = ❌ { why-redis-no-name } Ничего не сделано; повторите чуть позже.
problem-redis-memory = ❌ { why-redis-memory } Ничего не сделано; повторите чуть позже.
problem-redis-read-only = ❌ { why-redis-read-only } Ничего не сделано; повторите чуть позже.
why-redis-no-replica = Ни одна реплика Redis не подтверждает запись. Проверьте реплики и сеть между ними.
problem-redis-no-replica = ❌ { why-redis-no-replica } Поэтому ничего не сделано. Повторите чуть позже.
problem-redis-disk = ❌ { why-redis-disk } Ничего не сделано; повторите чуть позже.
problem-redis-loading = ❌ { why-redis-loading } Ничего не сделано; повторите чуть позже.
problem-redis-busy = ❌ { why-redis-busy } Ничего не сделано; повторите чуть позже.
problem-redis-password = ❌ { why-redis-password } Ничего не сделано; повторите чуть позже.
problem-redis-permission = ❌ { why-redis-permission } Ничего не сделано; повторите чуть позже.
problem-redis-full = ❌ { why-redis-full } Ничего не сделано; повторите чуть позже.
problem-redis-away = ❌ { why-redis-away } В течение минуты это ещё может выполниться.
problem-not-sent = ❌ Команду не удалось отправить.
problem-no-worker = Такого воркера больше нет.
problem-sqlite-locked = Файл сессии занят другой программой.
problem-not-connected = Аккаунт сейчас не подключён.
problem-no-such-worker = Хост не знает этого воркера. Нажмите ▶️ Запустить, чтобы завести его там.
problem-host-error = Супервизор не смог это сделать; причина – в его журнале.
problem-login-busy = Предыдущий шаг ещё выполняется.

## Команды меню и справка

command-menu = Сводка по парку
command-workers = Список воркеров
command-cancel = Прервать вход или вопрос
command-help = Что делают кнопки
help =
    🛰 Flotilla ведёт ваши сессии Telegram.

    👷 Воркеры → воркер → 🔄 Перезапустить, ⏹ Остановить, 🔐 Войти, 📜 Журнал.
    ➕ Добавить создаёт воркера, 🔐 Войти подключает его аккаунт.
    О сбоях приходит сообщение с кнопками, которые помогают.
help-start = <code>/start</code> – меню; <code>/start news_1</code> открывает воркера
help-menu = <code>/menu</code> – весь парк одним взглядом
help-workers = <code>/workers</code> – список воркеров
help-status = <code>/status news_1</code> – один воркер; достаточно части имени
help-restart = <code>/restart news_1</code> – перезапустить
help-stop = <code>/stop news_1</code> – остановить
help-who = <code>/who news_1</code> – какой процесс держит сессию
help-logs = <code>/logs news_1</code> – журнал воркера
help-login = <code>/login news_1</code> – войти в аккаунт
help-proxy = <code>/proxy news_1</code> – задать прокси
help-mute = <code>/mute news_1 2h</code>, <code>/mute #eu 1h</code>, <code>/mute all off</code> – тревоги без звука и снова со звуком
help-alerts = <code>/alerts</code> – открытые тревоги, сначала худшие
help-health = <code>/health</code> – Redis, Telegram и хосты
help-doctor = <code>/doctor</code> – что угрожает парку
help-schedules = <code>/schedules</code> – копии, самопроверки, ночной перезапуск
help-settings = <code>/settings</code> – язык, тихие часы, админы
help-cancel = <code>/cancel</code> – прервать вход или вопрос
help-here = <code>/here</code> – в группе: сюда приходят все тревоги; <code>/here off</code> отменяет это
help-help = <code>/help</code> – эта справка
help-end = Имя воркера, например <code>news_1</code>, само по себе открывает его.
unknown-command = Команды /{ $name } нет. Все команды: /help
unknown-command-near = Команды /{ $name } нет. Может быть, /{ $near }? Все команды: /help
command-of-another = В этой команде указан другой бот. Мне пишите просто /{ $name }.
unknown-text = Не понимаю «{ $text }»: вопроса сейчас нет, и воркера с таким именем тоже. Что я умею: /help
command-status = Один воркер: /status news_1
command-restart = Перезапуск: /restart news_1
command-logs = Журнал: /logs news_1
command-mute = Тишина: /mute news_1 1h, /mute all 1h
command-alerts = Тревоги
command-health = Здоровье
command-doctor = Что угрожает парку
command-schedules = Расписания
command-settings = Настройки

## На каждом экране

updated = <i>обновлено { CLOCK($at) }</i>
old-card = <i>⬇️ Ниже есть более новое сообщение.</i>
redis-away = 🔌 Redis недоступен: это последнее известное состояние.
why-redis-hangs = Redis завис: соединения принимает, но не отвечает. Посмотрите на его машину (остановленный процесс, медленный диск, CLIENT PAUSE).
why-redis-silent = По адресу Redis никто не отвечает. Посмотрите, включена ли его машина, проверьте сеть и брандмауэр.
why-redis-gone = Redis не запущен: его порт не принимает соединений. Запустите его или исправьте REDIS_URL.
why-redis-no-name = Имя машины с Redis не найдено. Исправьте REDIS_URL или проверьте сервер имён.
why-redis-memory = У Redis кончилась память, нового он не принимает. Увеличьте maxmemory или освободите место.
why-redis-read-only = Этот Redis — реплика только для чтения. Укажите в REDIS_URL главный сервер.
why-redis-disk = Redis не может писать на диск и нового не принимает. Освободите место и посмотрите его журнал.
why-redis-loading = Redis загружает свои данные. Подождите, пока он закончит.
why-redis-busy = Redis занят одним долгим скриптом. Подождите или прервите его командой SCRIPT KILL.
why-redis-password = Redis не принимает имя или пароль. Исправьте их в REDIS_URL.
why-redis-permission = Пользователю из REDIS_URL это в Redis не разрешено. Дайте ему права из docs/safety.md.
why-redis-full = Redis больше не принимает соединений. Увеличьте maxclients или завершите программы, у которых их много.
why-redis-away = Redis недоступен. Посмотрите, работает ли он и доступен ли он с машины бота.
silence-mute = 🔕 Без звука ({ $by }), закончится { IN($until) }
silence-maintenance = ⏸ Обслуживание ({ $by }), закончится { IN($until) }

## Главное меню

menu-title = 🛰 <b>Парк</b> · { $count ->
    [one] { $count } воркер
    [few] { $count } воркера
   *[many] { $count } воркеров
}
menu-empty = Воркеров пока нет. Нажмите ➕ Добавить, чтобы создать первого.
menu-last = Последнее сообщение { AGO($at) } · { $alerts ->
    [0] открытых тревог нет
    [one] { $alerts } открытая тревога
    [few] { $alerts } открытые тревоги
   *[many] { $alerts } открытых тревог
}
menu-last-none = Сообщений ещё не было · { $alerts ->
    [0] открытых тревог нет
    [one] { $alerts } открытая тревога
    [few] { $alerts } открытые тревоги
   *[many] { $alerts } открытых тревог
}
menu-count = { $icon } { $state }: { $count }
menu-not-reported = нет сведений

## Воркеры

workers-title = 👷 <b>Воркеры</b> { $from }–{ $to } из { $count }
workers-none = 👷 <b>Воркеров</b> пока нет. Нажмите ➕ Добавить, чтобы создать первого.
workers-not-found = 👷 <b>Воркеры</b>: по «{ $find }» ничего не найдено
workers-no-problem = 👷 <b>Воркеры</b>: проблем нет ✅
worker-not-reported = нет сведений от { $host }
worker-next = далее { IN($at) }
workers-found = найдено по «{ $find }»
worker-day = { $count ->
    [one] { $count } сообщение за 24 ч
    [few] { $count } сообщения за 24 ч
   *[many] { $count } сообщений за 24 ч
}

## Новый воркер

add-title = ➕ <b>Новый воркер</b>
add-ask = Пришлите имя, например news_1.
add-rule = <i>От 1 до 32 знаков: a-z, 0-9, _ и -, первой идёт буква.</i>
add-bad-name = В имени от 1 до 32 знаков: a-z, 0-9, _ и -, первой идёт буква.
add-taken = Воркер { $worker } уже есть.
ask-find = 🔎 Пришлите часть имени или метку.
ask-rename = ✏️ Пришлите название для <b>{ $worker }</b> или -, чтобы убрать его. Файлы сохранят своё имя.
ask-note = 📝 Пришлите заметку для <b>{ $worker }</b>, до 200 знаков, или -, чтобы убрать её. Её прочтёт каждый, кто видит карточку.
ask-note-bad = Здесь знаков: { $length }. Можно не больше { $max }.
ask-proxy = 🧭 Пришлите прокси для <b>{ $worker }</b>: <code>socks5://user:password@host:port</code>, <code>socks4://host:port</code>, <code>http://user:password@host:port</code>, <code>mtproxy://secret@host:port</code>, <code>host:port:user:password</code> (SOCKS5) или ссылку t.me/proxy. Или <code>off</code>, чтобы идти как хост. Ваше сообщение сразу удаляется.
ask-proxy-bad = Такого прокси я не знаю. Пришлите его в одном из этих видов; прокси с адресом https:// не подойдёт.
ask-proxy-away = Воркер не запущен, принять некому: сначала запустите его.
ask-tags = 🏷 Пришлите метки для <b>{ $worker }</b>, например: news eu. Или -, если меток нет.
ask-schedcron =
    ⏱ Отправьте время, например <code>04:30</code> для каждого дня, или шаблон cron из минуты, часа, дня, месяца и дня недели, например <code>30 4 * * 1-5</code>. Оно считается в вашем часовом поясе.
ask-schedcron-bad = Это не время: { $why } Например: 04:30 или 30 4 * * 1-5
ask-quiet = 🌙 Пришлите часы, когда сообщать только о красных тревогах, например 22:00-07:00 (в часовом поясе парка).
ask-zone =
    🕰 В каком вы часовом поясе? Пришлите город латиницей, например <code>Berlin</code> или <code>Europe/Moscow</code>, смещение, например <code>+3</code> или <code>UTC+05:30</code>, или время на ваших часах, например <code>14:35</code>.

    Это касается только вашего личного чата с ботом. Смещение и время не знают летнего времени, город знает.
ask-zone-bad = Нет такого города, смещения или времени. Так: Berlin, +3 или 14:35
ask-quiet-bad = Это не промежуток времени. Так: 22:00-07:00
ask-delete =
    🗑 <b>{ $worker }</b> будет остановлен и убран из списка. Файл сессии и копии останутся в папке данных.

    Telegram об этом не узнаёт: чтобы завершить и вход, сначала нажмите 🚪 Выйти.

    Чтобы удалить, пришлите его имя в течение 30 с.
ask-delete-bad = Это не его имя. Ничего не сделано.

## Вопрос, который открыт, пока на экране другое

question-open = ❔ Жду ответа: { $asked }. Пришлите его или /cancel.
question-open-of = ❔ Вопрос к { $name }: { $asked }. Пришлите ответ или /cancel.
question-worker-name = имя нового воркера
question-find = что найти
question-rename = новое имя <b>{ $worker }</b>
question-note = заметка <b>{ $worker }</b>
question-tags = метки <b>{ $worker }</b>
question-delete = имя <b>{ $worker }</b>, чтобы его удалить
question-quiet = тихие часы
question-rwiz = следующий шаг маршрута, который вы создаёте
question-since = с какого дня загрузить старые сообщения <b>{ $worker }</b>
question-proxy = прокси <b>{ $worker }</b>
question-zone = ваш часовой пояс

## Карточка воркера

details-gone = Воркера <b>{ $worker }</b> больше нет.
details-silent = Хост { $host } ничего о нём не сообщил. Если супервизор там работает, он не знает этого воркера: ▶️ Запустить вернёт его.
details-account = Аккаунт: { $name } · id …{ $id }
details-no-account = Аккаунт: вход не выполнен
details-process-only = pid { $pid }
details-process = pid { $pid } · работает { FOR($at) }
details-no-process = процесса нет
details-status = <b>Состояние:</b> { $state } · { FOR($since) }
details-status-next = <b>Состояние:</b> { $state } · { FOR($since) } · следующая попытка { IN($at) }
details-network-held = 🔌 Ждёт сеть своего хоста; её проверяет <b>{ $prober }</b>.
details-network-prober = 🔌 Ни у одного воркера этого хоста нет сети; этот проверяет её за всех.
details-failures = <b>Сбоев:</b> { $failures }   <b>Переподключений:</b> { $reconnects }
details-last-success = <b>Последний успех:</b> { AGO($at) }
details-last-success-never = <b>Последний успех:</b> не было
details-counts = Сообщений { $messages } · Перезапусков { $crashes }/{ $limit }
details-sources = 📡 Источников { $count }{ $quiet ->
    [0] {""}
   *[other] {" "}· затихли { $quiet }
}{ $closed ->
    [0] {""}
   *[other] {" "}· закрыты { $closed }
}
details-day = За 24 ч: получено { $received } · переслано { $relayed }
details-day-waits = { $count ->
    [one] { $count } пауза Telegram ({ SPAN($ms) })
    [few] { $count } паузы Telegram (самая долгая { SPAN($ms) })
   *[many] { $count } пауз Telegram (самая долгая { SPAN($ms) })
}
details-storage = 💾 ожиданий блокировки { $waits } · дольше всего держали { $hold } мс · журнал { $kb } КБ
details-checkpoint = освобождён { AGO($at) }
details-outage = 🔍 { $how ->
    [offline] После { SPAN($ms) } без связи
   *[update] После обрыва связи (последнее обновление за { SPAN($ms) } до возвращения)
}: пропущено { $missed }, восстановлено { $recovered }, потеряно { $lost } · { AGO($at) }
details-outage-lost = ⚠️ 🔍 { $how ->
    [offline] После { SPAN($ms) } без связи
   *[update] После обрыва связи (последнее обновление за { SPAN($ms) } до возвращения)
}: пропущено { $missed }, восстановлено { $recovered }, <b>потеряно ≥ { $lost }</b> · { AGO($at) }
details-reading-waits = ⏳ Пропущенное можно запросить { IN($at) }: { $method } должен ждать. Новые сообщения приходят; перезапуск этого не сократит.
details-sending-stopped = ⛔ Ничего не отправляет: Telegram ответил { $reason }. Чтение продолжается. Проверьте @SpamBot, затем нажмите «▶️ Возобновить отправку».
details-sending-waits = ⏳ Снова отправляет { IN($at) }: Telegram просит подождать. Перезапуск этого не сократит.
details-sending-halved = 🐢 Не больше { $rate } сообщений в минуту после трёх ожиданий за час; обычная скорость вернётся { IN($at) }.
resume-ask = ▶️ Разрешить <b>{ $worker }</b> отправлять снова?
resume-meaning = Telegram ответил { $reason }: на аккаунт жаловались как на спам или он писал слишком многим незнакомым. Сначала откройте @SpamBot с этого аккаунта. Отправка под ограничением продлевает его и может кончиться блокировкой.
resume-frozen = Telegram ответил { $reason }: аккаунт заморожен. Сначала подайте апелляцию в приложении Telegram; до этого каждый вызов отклоняется, и отправка снова остановится.
resume-effect = Ожидающее уйдёт с обычной скоростью. Паузы, о которых просил Telegram, остаются.
resume-nothing = <b>{ $worker }</b> ничто не мешает отправлять.
proxy-ask = 🧭 Отныне <b>{ $worker }</b> идёт в Telegram через <code>{ $way }</code>?
proxy-off-ask = 🧭 Отныне <b>{ $worker }</b> идёт в Telegram так же, как хост?
proxy-effect = Он сразу подключится заново. Если прокси недоступен, воркер ждёт: в обход ничего не идёт. Для Telegram аккаунт окажется на другом адресе.
details-way-own = 🧭 Через <code>{ $way }</code>
details-way-host = 🧭 Через <code>{ $way }</code> (как хост)
details-closed-chats = 🔒 Закрытых чатов: { $chats }
details-not-logged-in = 🔑 Вход ещё не выполнен. Нажмите 🔐 Войти (около минуты).
details-fault = ⚠️ { $text } <i>({ $class }, { $code })</i>
details-do-login = Что делать: нажмите 🔐 Войти (около минуты). Пропущенное будет получено потом.
details-do-banned = Что делать: обжаловать в приложении Telegram или написать на recover@telegram.org.
details-do-gave-up = Что делать: посмотрите 📜 Журнал, затем нажмите 🔄 Перезапустить: счёт начнётся с нуля.
details-alerts = 🚨 { $count ->
    [one] { $count } открытая тревога
    [few] { $count } открытые тревоги
   *[many] { $count } открытых тревог
}
details-note = 📝 { $note }
details-vitals = Память { $mb } МБ · задержка цикла до { $lag } мс
more-title = ⋯ <b>{ $name }</b>
more-tags = Метки: { $tags }
more-no-tags = нет
more-help = <i>Переименование меняет то, что видят люди, а не файлы. При удалении спросим имя.</i>

## Команда в пути, на карточках

asked-by = по команде { $by }, { TIME($at) }
doing-start = ▶️ Запускается…
doing-stop = ⏹ Останавливается…
doing-restart = 🔄 Перезапускается…
doing-check = 🩺 Проверяется…
doing-backup = 💾 Делаю копию…
doing-restore = 🧯 Возвращаю копию…
doing-stop-holder = ⏹ Останавливаю процесс…
doing-retry = 🔁 Пробую…
doing-forget = 🗑 Удаляю…
doing-who = 👀 Ищем…
doing-other = ⏳ Выполняется…
doing-slow = Ещё работает ({ SPAN($ms) }).
done-start = ✅ Запущен { AGO($at) }
done-stop = ✅ Остановлен { AGO($at) }
done-restart = ✅ Перезапущен { AGO($at) }
done-retry = ✅ Получилось: работает { AGO($at) }
done-check = ✅ Проверено, Telegram отвечает { AGO($at) }
done-backup = ✅ Копия сделана, открыта и проверена { AGO($at) }
done-restore = ✅ Копия возвращена { AGO($at) }
done-remove-session = ✅ Сессия убрана; она среди копий { AGO($at) }
done-stop-holder = ✅ Этого процесса больше нет { AGO($at) }
done-who = 👀 Хост ответил { AGO($at) }
done-other = ✅ Готово { AGO($at) }
not-done = ❌ Не сделано: { $why }
no-answer = ❌ Супервизор не ответил, ничего не сделано. Он работает?
why-unknown = причина неизвестна
why-code = отказано ({ $code })
problem-worker-runs = Воркер работает: сначала остановите его.
problem-given-up = Три попытки не удались.
problem-unexpected = Случилось непредвиденное; подробности в журнале.
problem-stopped = Остановлен раньше, чем был готов.
problem-not-ours = Эту программу запустила не Flotilla, поэтому она не остановлена.
problem-still-there = Этот процесс не завершается.
problem-nothing-to-back-up = Копировать пока нечего: сессии нет.
problem-session-in-use = Сессия занята другой программой.
problem-call-timeout = Telegram не ответил вовремя.
problem-link-lost = Связь тем временем прервалась.
problem-gave-up = Воркер сдался.

## Кто держит файл сессии

holder-ours = 👀 Мешает: pid { $pid } <code>{ $command }</code> (пользователь { $user }, { $state }{ $since }), запущен Flotilla.
holder-not-ours = 👀 Мешает: pid { $pid } <code>{ $command }</code> (пользователь { $user }, { $state }{ $since }). Чужие программы я не останавливаю.
holder-since = , с { TIME($at) }
holder-hidden = (команда не видна)
holder-ask = ⏹ <b>Остановить процесс, который держит сессию { $worker }?</b>
    pid { $pid } <code>{ $command }</code> (пользователь { $user }, { $state }{ $since })
holder-effect = Его запустила Flotilla. В момент сигнала он проверяется ещё раз: если это уже другая программа или файл отпущен, ничего не останавливается. Кнопка действует 30 с.
who-title = 👀 Проверено { AGO($at) }. Файл сессии открыт у этих программ:
who-unseen = 👀 Проверено { AGO($at) }. Файл сессии ни у кого не открыт.
who-ours = • pid { $pid } <code>{ $command }</code> (пользователь { $user }, { $state }{ $since }), запущен Flotilla
who-not-ours = • pid { $pid } <code>{ $command }</code> (пользователь { $user }, { $state }{ $since }), запущен не Flotilla: завершите его сами
who-hidden = ⚠️ Отсюда видны не все программы. Проверьте на самой машине: <code>sudo fuser -v</code> и путь к файлу.
holder-gone = Этот процесс больше не держит файл сессии или запущен не Flotilla. Ничего не остановлено.
process-running = работает
process-stopped = приостановлен
process-zombie = завершён, но ещё не убран
process-unknown = не виден

## Копии сессии

backups-title = 🧯 <b>Копии { $worker }</b>
backups-fetching = ⏳ Смотрю: каждая копия открывается и проверяется…
backups-again = <i>Нажмите «🔄 Обновить», чтобы посмотреть снова.</i>
backups-none = Копий ещё нет. Они делаются перед каждым входом и после него.
backups-line = • { AGO($at) } · { $why } · { $size } КБ · { $state }
backups-no-help = Вход этими копиями не вернуть: ключ в них тот же, что в сессии, или они не открываются. Если вход потерян, поможет только «🔐 Войти».
backups-stop-first = Чтобы вернуть копию, сначала остановите воркера.
backups-choose = Нажмите на копию, чтобы вернуть её. Будет ещё один вопрос.
copy-verified = ✓ проверена
copy-damaged = ✗ повреждена
copy-unreadable = ✗ сейчас не читается
copy-in-use = ✗ открыта другой программой
copy-no-key = ✗ без входа
copy-other-fleet-key = ✗ зашифрована другим FLEET_KEY
copy-same-key = ключ тот же, что сейчас
reason-manual = вручную
reason-scheduled = по расписанию
reason-before-login = перед входом
reason-before-restore = перед возвратом
reason-before-upgrade = перед обновлением
reason-old-golden = после прежнего входа
reason-golden = ⭐ после последнего входа
reason-trash = выведена из работы
reason-damaged = повреждённый файл
restore-ask = 🧯 <b>Вернуть эту копию для { $worker }?</b>
    { AGO($at) } · { $why }
restore-effect = Нынешняя сессия уходит в корзину, её можно вернуть так же. Если воркер должен работать, он запустится. Кнопка действует 30 с.
restore-gone = Этой копии больше нет в списке. Ничего не изменено.

## Журнал

log-title = 📜 <b>Журнал { $worker }</b>
log-fetching = ⏳ Загружается…
log-again = <i>Нажмите 🔄 Обновить, чтобы получить строки снова.</i>
log-no-answer = ❌ Супервизор не ответил. Он работает?
log-empty = <i>Записей пока нет.</i>
log-none-of-level = <i>Среди последних строк таких нет.</i>

## Вход

login-title = 🔐 <b>Вход воркера { $worker }</b>
login-preparing =
    ⏳ Готовим сессию…
    Управление остаётся у вас: выйти можно в любой момент в Telegram → Настройки → Устройства.
login-ask-phone = Пришлите номер телефона аккаунта с кодом страны, например +49 151 2345678. Сообщение будет сразу удалено.
login-known-phone = Сохранённый номер: { $phone }
login-sending-code = ⏳ Просим Telegram прислать код…
login-code-sent = { $via ->
    [app] Код отправлен в приложение Telegram этого аккаунта (не по SMS). Загляните в чат «Telegram».
    [sms] Код отправлен по SMS.
    [sms-word] Telegram прислал слово по SMS. Кнопок для него нет, а слова, отправленные в чат, Telegram отменяет.
    [sms-phrase] Telegram прислал фразу по SMS. Кнопок для неё нет, а фразы, отправленные в чат, Telegram отменяет.
    [call] Код продиктуют по телефону.
    [flash-call] Поступит звонок и сбросится: код – последние цифры номера.
    [missed-call] Поступит звонок и сбросится: код – последние цифры номера.
    [email] Код отправлен на почту, указанную для входа.
    [email-setup] Telegram не отправляет код, пока у аккаунта нет почты для входа. Укажите её в официальном приложении.
    [fragment] Код отправлен на страницу аккаунта на fragment.com.
    [firebase] Этот код Telegram доставляет только официальным приложениям.
   *[unknown] Этот код доставляется способом, которого эта версия не знает.
}
login-code = Код: <code>{ $dots }</code>   истекает { IN($at) }
login-use-buttons = <i>Нажимайте кнопки. Telegram отменяет коды, отправленные в чат.</i>
login-checking-code = ⏳ Проверяем код…
login-ask-password = У этого аккаунта есть облачный пароль.
login-ask-password-hint = У этого аккаунта есть облачный пароль. Подсказка: «{ $hint }».
login-send-password = Пришлите его сообщением. Он пройдёт через этот чат и будет сразу удалён; он нигде не хранится.
login-checking-password = ⏳ Проверяем облачный пароль…
login-over = Этот вход завершён.
login-done = ✅ { $worker } – это { $name }. Подключение запускается.
login-other-version = Этот вход начала другая версия. Начните заново.
login-lost = ❌ Воркер остановили или перезапустили посреди входа. Старая сессия не тронута. Нажмите 🔐 Войти, чтобы начать заново.
login-cancelled = Вход отменён. Старая сессия не тронута.
login-other-admin = Другой администратор сейчас выполняет вход этого воркера.
login-other-worker = Вы сейчас выполняете вход { $worker }. Сначала закончите или отмените его.
login-bad-phone = ❌ Это не полный номер. Нужен код страны: +49…
login-not-ready = ❌ Воркер ещё не готов к этому.
login-still-busy = Предыдущий шаг ещё выполняется.
login-typed-code = ❌ Не присылайте код сообщением: Telegram отменяет коды, отправленные в чат. Нажмите 🔁 Новый код и введите его кнопками.
login-no-keys = Войдите по QR-коду.
login-no-keys-other = Войдите по QR-коду или запросите код другим способом.
login-typed-word = ❌ Не присылайте это сообщением: Telegram отменяет то, что отправлено в чат. Запросите новый код или войдите по QR-коду.
login-wrong-code = ❌ Неверный код. Осталось попыток: { $tries }.
login-code-expired = ❌ Этот код больше не действует (слишком старый или был отправлен в чат).
login-wrong-password = ❌ Неверно. Попыток до паузы: { $tries }. Если он начинается или кончается пробелом либо сам стоит в кавычках, напишите его в кавычках.
login-failed = ❌ { $why }
login-expired = ❌ Воркер не ответил вовремя, ничего не сделано. Попробуйте ещё раз.

refusal-phone-invalid = ❌ Это не полный номер. Нужен код страны: +49…
refusal-phone-banned = ❌ Telegram заблокировал этот номер. Здесь программа не поможет; пишите на recover@telegram.org.
refusal-no-account = ❌ С этим номером нет аккаунта. Эта программа аккаунтов не создаёт.
refusal-phone-flood = ❌ Слишком много запросов кода. Telegram требует паузы, попробуйте завтра.
refusal-password-flood = ❌ Слишком много попыток. Подождите день или сбросьте пароль в Telegram.
refusal-too-many-codes = ❌ Слишком много неверных кодов. Начните позже, чтобы Telegram не заблокировал номер.
refusal-too-many-passwords = ❌ Слишком много неверных паролей. Начните позже, чтобы Telegram не заблокировал аккаунт.
refusal-flood-wait = ❌ Telegram просит подождать. Попробуйте { IN($until) }.
refusal-flood-later = ❌ Telegram просит подождать. Попробуйте позже.
refusal-send-code-unavailable = ❌ Другого способа получить код сейчас нет.
refusal-api-id = ❌ Telegram не принимает этот API_ID для входа; создайте свой на my.telegram.org.
refusal-update-app = ❌ Telegram больше не принимает вход с этой версии. Обновите Flotilla.
refusal-network = ❌ Связь прервалась, шаг сохранён. Попробуйте ещё раз.
refusal-email-setup-needed = ❌ Telegram сначала требует почту для входа в этот аккаунт. Укажите её в официальном приложении.
refusal-already-used = ❌ Этим аккаунтом уже пользуется другой воркер. У одного аккаунта один воркер.
refusal-server = ❌ У Telegram сейчас свои неполадки. Попробуйте через минуту.
refusal-wrong-step = ❌ Это не подходит к текущему шагу входа.
refusal-timeout = ❌ Вход длился дольше 10 минут и был отменён. Старая сессия не тронута.
refusal-no-login = ❌ Этот вход уже не идёт. Нажмите 🔐 Войти, чтобы начать заново.
refusal-qr-expired = ❌ Код никто не отсканировал вовремя. Начните снова, когда второе устройство будет под рукой.
refusal-cancelled = ❌ Вход отменён. Старая сессия не тронута.
refusal-failed = ❌ Не получилось; причина в журнале воркера. Попробуйте ещё раз.
refusal-other = ❌ Telegram отказал: { $detail }.
login-ask-session =
    📎 Пришлите сессию: файл .session от Telethon, Pyrogram или Kurigram (до 20 МБ) или строку сессии GramJS, Telethon или Pyrogram текстом.
    Сообщение будет сразу удалено. Сессия пройдёт через этот чат и зашифрованной уйдёт воркеру; больше нигде она не хранится.
login-reading-session = ⏳ Проверяем сессию…
login-taking-session = ⏳ Ставим сессию на место…
login-session-found = Это { $format ->
    [telethon-file] файл сессии Telethon
    [telethon-string] строка сессии Telethon
    [pyrogram-file] файл сессии Pyrogram
    [pyrogram-string] строка сессии Pyrogram
    [gramjs-string] строка сессии GramJS
    [mtcute-file] файл сессии mtcute
    [mtcute-string] строка сессии mtcute
    [flotilla-file] файл сессии Flotilla
   *[other] сессия ({ $format })
}. Аккаунт: { $account }.
login-session-unknown = в сессии не указан, станет известен при первом подключении
login-session-resumes = Обновления продолжатся с того места, где остановилась старая программа.
login-session-fresh = Обновления начнутся с первого подключения: в этом формате не записано, где остановилась старая программа.
login-session-api = Сессия создана с API_ID { $api }, здесь используется другой. Telegram привязывает сессию к API_ID: по возможности возьмите тот же.
login-session-warning = ⚠️ <b>Старая программа должна остановиться навсегда.</b> Telegram завершает сессию, которой пользуются две программы. Она остановлена, и ничто её больше не запустит?
login-session-taken = ✅ Сессия теперь у { $worker }. Первое подключение проверит аккаунт. Больше не запускайте с ней старую программу.
login-session-too-large = ❌ Файл больше 20 МБ, а больше бот принять не может. Импортируйте его на машине: flotilla import.
login-session-not-fetched = ❌ Не удалось получить файл от Telegram. Пришлите его ещё раз.
session-unasked = Файл сессии удалён: это и есть сам аккаунт. Чтобы использовать его, откройте воркера, нажмите 🔐 Войти, затем 📎 и пришлите файл снова.
login-elsewhere = ⚠️ Вход ждёт от вас секрет в личном чате. Ваше сообщение здесь удалено на случай, если оно было для входа. Отправьте секрет туда.
login-not-deleted = ⚠️ Не удалось удалить ваше сообщение. Удалите его сами, прямо сейчас.
session-not-deleted = ⚠️ Не удалось удалить сообщение с вашей сессией. Удалите его сами, прямо сейчас: у кого она есть, у того и аккаунт.
refusal-already-used-by = ❌ Этот аккаунт уже у воркера { $who }. У одного аккаунта один воркер.
refusal-parcel-gone = ❌ Сессия потерялась по дороге. Пришлите её ещё раз.
refusal-session-duplicate = ❌ Эта сессия или её аккаунт уже у воркера { $who }. У одного аккаунта один воркер: используйте его или сначала уберите его сессию.
refusal-session-neighbour-unknown = ❌ Воркер { $who } держит свою сессию открытой и не сообщил, какой это аккаунт. Перезапустите его и пришлите сессию ещё раз.
refusal-session-owned = ❌ Этой сессией сейчас пользуется другая Flotilla на машине воркера. Сначала остановите её, потом пришлите сессию ещё раз.
refusal-import-bot = ❌ Это сессия бота. Flotilla работает только с аккаунтами людей: боту сессия не нужна, хватит токена.
refusal-import-damaged = ❌ Файл повреждён или обрезан. Скопируйте его заново, когда старая программа остановлена.
refusal-import-malformed = ❌ Похоже на сессию, но часть её неверна или отсутствует. Скопируйте её заново, целиком.
refusal-import-media-dc = ❌ Этот ключ – для дата-центра, который отдаёт только файлы. Это не сессия аккаунта.
refusal-import-not-logged-in = ❌ В этой сессии нет ключа: старая программа так и не вошла. Войдите здесь – по телефону или QR-коду.
refusal-import-other-fleet-key = ❌ Эта сессия зашифрована другим FLEET_KEY. Экспортируйте её там, где она создана: flotilla export.
refusal-import-tdata = ❌ Это папка самого Telegram Desktop (tdata), её нельзя перенять. Войдите по QR-коду; Telegram Desktop останется в аккаунте.
refusal-import-test-server = ❌ Эта сессия создана на тестовых серверах Telegram. На настоящих её нет.
refusal-import-unknown-format = ❌ Такую сессию программа не знает. Подойдут файлы .session от Telethon, Pyrogram и Kurigram и строки сессий GramJS, Telethon, Pyrogram и mtcute.
login-qr-asking = ⏳ Просим у Telegram QR-код…
login-qr =
    📷 Отсканируйте картинку в приложении Telegram этого аккаунта: Настройки → Устройства → Подключить устройство.
    Новая картинка в { TIME($at) } ({ $count }). Нужно второе устройство; если телефон один, входите по номеру.
login-qr-caption = Telegram → Настройки → Устройства → Подключить устройство
login-unanswered = { $worker } не ответил вовремя. Посмотрите, работает ли он (👷 Подробно), и повторите.
login-again = Бот перезапустили посреди этого шага. Место сохранено: повторите его.

## Переспрашиваем

confirm-all = { $count ->
    [one] единственный воркер
    [few] все { $count } воркера
   *[many] все { $count } воркеров
}
confirm-tag = { $count ->
    [one] { $count } воркер
    [few] { $count } воркера
   *[many] { $count } воркеров
} с меткой #{ $tag }
confirm-these = { $count ->
    [one] { $count } воркер из #A{ $n }
    [few] { $count } воркера из #A{ $n }
   *[many] { $count } воркеров из #A{ $n }
}
confirm-start = ▶️ Запустить: <b>{ $name }</b>? По одному; если первый не запустится, остальные не тронем.
confirm-stop = ⏹ Остановить: <b>{ $name }</b>? До запуска ничего не читается и не пересылается. Сессии останутся.
confirm-restart = 🔄 Перезапустить: <b>{ $name }</b>? По одному; если первый не поднимется, остальные не тронем.
confirm-maintenance = ⏸ Остановить на обслуживание: <b>{ $name }</b>? Тревог в это время не будет.
confirm-limit = <i>Кнопка работает до { TIME($at) }.</i>

## Много воркеров сразу

bulk-gone = Об этом действии уже ничего не известно.
bulk-title-start = ▶️ <b>Запуск: { $count ->
    [one] { $count } воркер
    [few] { $count } воркера
   *[many] { $count } воркеров
}</b>
bulk-title-stop = ⏹ <b>Остановка: { $count ->
    [one] { $count } воркер
    [few] { $count } воркера
   *[many] { $count } воркеров
}</b>
bulk-title-restart = 🔄 <b>Перезапуск: { $count ->
    [one] { $count } воркер
    [few] { $count } воркера
   *[many] { $count } воркеров
}</b>
bulk-title-maintenance = ⏸ <b>Обслуживание: { $count ->
    [one] { $count } воркер
    [few] { $count } воркера
   *[many] { $count } воркеров
}</b>
bulk-running = Идёт: готово { $done }, не готово { $failed }, осталось { $left }.
bulk-stopping = Останавливаемся после текущего: готово { $done }, не готово { $failed }, не тронуто { $left }.
bulk-done = { $done ->
    [1] ✅ Готово.
   *[other] ✅ Готово, все { $done }.
}
bulk-incomplete = ⚠️ Закончено: готово { $done }, не готово { $failed }, не тронуто { $left }.
bulk-end-login = 🔑 { $count ->
    [one] { $count } ждёт входа:
   *[many] { $count } ждут входа:
}
bulk-end-connecting = 🔄 { $count } ещё не в Telegram:
bulk-end-locked = 💾 { $count }: сессия занята:
bulk-end-stuck = ❌ { $count }: { $reason }:
bulk-end-failed = ❌ { $count }: не удалось ({ $reason }):
bulk-end-left = ▫️ { $count }: не тронуты:
bulk-current = Сейчас: { $workers }
bulk-canary = <i>Первый – пробный: остальные ждут его.</i>
bulk-canary-failed = Первый не поднялся, поэтому остальные не тронуты.

## Перезапуск по очереди

button-roll = 🔄 Перезапуск по очереди
button-rollyes = 🔄 Перезапустить всё по очереди
button-rollstop = ✋ Остановить здесь
toast-roll-stopping = ✋ Остановимся после текущего шага
audit-roll = перезапуск по очереди
roll-title = 🔄 <b>Перезапуск по очереди</b>
roll-ask = Перезапустит всё, часть за частью. Если проба не удастся, остальное не тронем.
roll-nothing = Отсюда перезапустить нечего.
roll-plan-trial = Проба: <b>{ $worker }</b> перезапустится и должен проработать { SPAN($ms) }.
roll-plan-workers = { $host }: { $count ->
    [one] { $count } воркер. Его не будет несколько секунд.
    [few] { $count } воркера, по одному. Каждого не будет несколько секунд.
   *[many] { $count } воркеров, по одному. Каждого не будет несколько секунд.
}
roll-plan-supervisor = { $host }: супервизор, потому что на диске { $to }, а работает { $from }. { $count ->
    [0] Работающих воркеров у него нет.
    [one] Его { $count } воркера не будет около { SPAN($ms) }.
    [few] Его { $count } воркеров не будет вместе до { SPAN($ms) }.
   *[many] Его { $count } воркеров не будет вместе до { SPAN($ms) }.
}
roll-plan-bot = Последним перезапустится бот: чат ответит через несколько секунд.
roll-promise = Нажатия и сообщения за это время сохранятся: каждое получит ответ или дойдёт один раз.
roll-step-trial = Проба: { $worker } на { $host }
roll-step-workers = { $host }: { $count ->
    [one] { $count } воркер
    [few] { $count } воркера
   *[many] { $count } воркеров
}
roll-step-supervisor = { $host }: супервизор, { $count ->
    [one] { $count } воркер
    [few] { $count } воркера
   *[many] { $count } воркеров
}, { $from } → { $to }
roll-step-bot = Бот
roll-left-silent = <b>{ $host }</b> пропускаем: от него нет вестей.
roll-left-not-kept = <b>{ $host }</b> пропускаем: на диске не тот код, что работает, а супервизор после остановки никто не запустит. Перезапустите его вручную или см. docs/deploy (FLOTILLA_KEPT_BY).
roll-left-not-installed = <b>{ $host }</b> пропускаем: коду на диске нужны пакеты, которые не установлены. Выполните там: <code>npm ci</code>
roll-left-login = <b>{ $host }</b> пропускаем: там идёт вход.
roll-left-older = Супервизор <b>{ $host }</b> останется: он старой версии. Перезапустите его вручную.
roll-left-bot-not-kept = Бот останется: после остановки его никто не запустит.
roll-left-bot-not-installed = Бот останется: коду на диске нужны пакеты, которые не установлены. Выполните там: <code>npm ci</code>
roll-running = Идёт. Этот экран можно закрыть.
roll-stopping = Останавливаемся после текущего шага.
roll-failed-workers = Не вернулись ({ $reason }):
roll-done = Снова работают: { $what }. Заняло { SPAN($ms) }.
roll-count-workers = { $count ->
    [one] { $count } воркер
    [few] все { $count } воркера
   *[many] все { $count } воркеров
}
roll-count-supervisors = { $count ->
    [one] { $count } супервизор
    [few] { $count } супервизора
   *[many] { $count } супервизоров
}
roll-count-bot = бот
roll-nothing-lost = Ничего не потеряно.
roll-lost = ⚠️ За это время потеряны сообщения: какие, скажут 🔔 Тревоги.
roll-stopped = ✋ Остановлено через { SPAN($ms) }. Что без ✅, осталось как было.
roll-end-trial-failed = Проба не удалась: { $worker } не запустился. Остальное не тронуто.
roll-end-trial-not-running = Проба не удалась: { $worker } запустился и не работает. Остальное не тронуто.
roll-end-trial-fell = Проба не удалась: { $worker } поработал и упал. Остальное не тронуто.
roll-end-none-came = На { $host } не вернулся ни один воркер. Остальное не тронуто.
roll-end-no-answer = { $host } не закончил. Остальное не тронуто.
roll-end-supervisor-away = <b>Супервизор { $host } не вернулся: его воркеры не в Telegram.</b> Выполните там: <code>{ $command }</code>. Остальное не тронуто.
roll-end-supervisor-same = Супервизор { $host } не остановился. Его воркеры работают. Остальное не тронуто.
roll-end-bot-same = Бот не остановился. Остальное снова работает.

## Входы

logins-title = 🔐 <b>Входы</b> ({ $count })
logins-none = вход не выполнен
logins-proof = Telegram ответил { AGO($at) }
logins-no-proof = ответа Telegram ещё не было

## Здоровье

health-title = 💾 <b>Здоровье</b>
health-locks = { $count ->
    [0] Ошибок блокировки нет (7 дней)
   *[other] Ошибок блокировки: { $count } (7 дней)
}
health-alerts = Тревог отправлено { $sent }, доставлено { $delivered }
health-running = Воркеров работает { $running }/{ $wanted }
health-owned = { $count ->
    [0] У каждой сессии свой хозяин
   *[other] Сессий, занятых кем-то ещё: { $count }
}
health-redis = Redis отвечает ({ $ms } мс)
health-backup = Копия { $host }: { AGO($at) }, { $mb } МБ, { $workers ->
    [one] { $workers } сессия
    [few] { $workers } сессии
   *[many] { $workers } сессий
}
health-own-folder = папки бота
health-backup-none = Копия { $host }: ещё нет
health-backup-off = Копия { $host }: только вручную (BACKUP_EVERY_H=0)
health-backup-failed = последняя попытка не удалась
health-backup-not-sent = BACKUP_COMMAND её не забрала
health-backup-too-old = просрочена
health-backup-damaged = файл в ней повреждён
health-backup-same-disk = на диске сессий
health-storage = 🗄 Файлы сессий: ожидание блокировки p95 { $p95 } мс · дольше всего держали { $hold } мс · самый большой журнал { $kb } КБ
health-emptied = опустошён не раньше: { AGO($at) }
health-redis-away = Redis недоступен { FOR($at) }: { $why }
health-poll = Нажатия доходят
health-poll-away = Нажатия не доходят { FOR($at) }
health-ping = Контрольный сигнал { AGO($at) }
health-ping-failed = Контрольный сигнал ещё не проходил
health-no-ping = <i>Контрольный сигнал не настроен (DEAD_MAN_URL).</i>
health-second = Второй путь для тревог: настроен
health-no-second = <i>Второй путь для тревог не настроен (ALERT_WEBHOOK_URL, ALERT_SMTP_URL).</i>
health-unreachable = Бот не может написать: { $names }. Им нужно нажать Start.

## Doctor

doctor-title = 🩺 <b>Осмотр</b>
doctor-no-host = Пока ни у одного хоста нет воркера.
doctor-looking = Смотрю…
doctor-nothing = ✅ Ничего не найдено.
doctor-again = Нажмите 🔄 Обновить, чтобы посмотреть ещё раз.
doctor-more = … и ещё { $count }: запустите npm run flotilla -- doctor на этом хосте.
doctor-help = <i>Права, ключи, файлы сессий, блокировки, копии, Redis, сеть, часы, время на остановку. Только смотрит, ничего не меняет; находки по-английски, как в командной строке.</i>

record-title = ♻️ <b>{ $host }</b>: потерянный host.db
record-doing-look = ⏳ Читаю копию…
record-doing-take = ⏳ Возвращаю из копии…
record-doing-leave = ⏳ Выполняю…
record-brings = Копия от <b>{ DATE($at) }</b> вернёт:
record-took = ✅ Из копии от { DATE($at) } вернулось:
record-rules =
    • правила перезапуска { $count ->
        [one] { $count } воркера
       *[other] { $count } воркеров
    }
record-exits =
    • { $count ->
        [one] { $count } прежнее падение
        [few] { $count } прежних падения
       *[other] { $count } прежних падений
    }
record-stops = • снова стоят: <b>{ $names }</b>
record-starts = • запускаются: <b>{ $names }</b>
record-adds = • снова в списке, стоят: <b>{ $names }</b>
record-nothing = • ничего, чего здесь ещё нет
record-stays = Что изменено после этого, остаётся. Других воркеров это не касается, ничего не перезапускается.
record-none = Ни одна копия, сделанная до потери, не годится.
record-useless = ❌ Копия от { DATE($at) } не годится ({ $code }).
record-not-lost = Возвращать нечего: записи этого хоста на месте.
record-left = 👌 Новый host.db остаётся как есть.
record-again = Нажмите 🔄 Обновить, чтобы посмотреть ещё раз.
audit-record-take = ♻️ host.db хоста { $host }: копия от { DATE($at) }
audit-record-leave = 👌 host.db хоста { $host }: оставлен как есть

## Настройки

settings-title = ⚙️ <b>Настройки</b>
settings-you = Вы: { $role }
settings-zone = 🕰 Ваше время: { $zone } ({ $name })
settings-zone-fleet = 🕰 Время: как у парка ({ $name })
settings-quiet = 🌙 Тихие часы { $from }–{ $to } ({ $zone }, часовой пояс парка): только красные тревоги
settings-no-quiet = 🌙 Тихих часов нет
settings-together = 📣 О тревоге узнают все сразу
settings-one-by-one = 👤 Сначала узнаёт первый администратор, через 15 мин следующий, через 60 мин все
settings-places = 💬 Группы: { $names }
settings-no-place = 💬 Групп нет. Владелец пишет в группе /here, чтобы открыть её.
admins-title = 👥 <b>Администраторы</b>
admins-unreachable = недоступен: должен нажать Start
admins-help = <i>Наблюдатели смотрят. Операторы управляют воркерами и берут тревоги. Владельцы могут всё. Те, кто в ADMIN_IDS, – владельцы всегда.</i>
admins-link = Передайте эту ссылку. Она работает один раз, 15 мин:
admin-title = 👤 <b>{ $name }</b> · { $role }
admin-gone = Этого администратора больше нет в списке.
notice-joined = 👥 { $name } теперь в списке, по приглашению; роль: { $role ->
    [viewer] наблюдатель
    [operator] оператор
   *[owner] владелец
}.
invitation-open = Вы уже в списке; роль: { $role ->
    [viewer] наблюдатель
    [operator] оператор
   *[owner] владелец
}. Приглашение ещё действует, для другого человека. Роль меняет владелец: ⚙️ Настройки → 👥 Администраторы.
notice-stranger = 🚪 Боту написал посторонний и не получил ответа: { $name }, id { $id }.

## Аудит

audit-title = 📒 <b>Аудит</b>
audit-title-of = 📒 <b>Аудит</b> { $find }
audit-none = <i>Ничего нет.</i>
audit-time = { DATE($at) }
audit-command = { $verb ->
    [start] запуск
    [stop] остановка
    [restart] перезапуск
    [check] проверка
    [retry] повтор
    [backup] копия
    [restore] возврат копии
    [stop-holder] остановка чужого процесса
    [logout] выход из Telegram
    [remove-session] сессия убрана
    [resume-sending] возобновление отправки
    [proxy] прокси
    [rules] правила рестартов
   *[other] { $verb }
}: { $state ->
    [asked] выполняется
    [done] сделано
    [failed] не удалось
   *[other] нет ответа
}
audit-bulk = { $verb ->
    [start] запуск
    [stop] остановка
    [restart] перезапуск
    [maintenance] обслуживание
   *[other] { $verb }
}: { $count ->
    [one] { $count } воркер
    [few] { $count } воркера
   *[many] { $count } воркеров
}
audit-drill = учение начато
audit-schedule = { $what ->
    [archive] архивы
    [copies] копии сессий
    [check] самопроверка
   *[restart] ночной перезапуск
 }: { $how ->
    [late] начато с опозданием, время было пропущено
    [skipped] пропущено, прошлый запуск не закончен
   *[on-time] начато
 }
audit-schedule-end = { $what ->
    [archive] архивы
    [copies] копии сессий
    [check] самопроверка
   *[restart] ночной перезапуск
 }: сделано { $done } из { $total } за { SPAN($ms) }
audit-schedule-set = расписание изменено, { $what ->
    [archive] архивы
    [copies] копии сессий
    [check] самопроверка
   *[restart] ночной перезапуск
 }: { $isOn ->
    [on] включено
   *[off] выключено
 } { $pattern } { $tag }
audit-quiet = тихие часы { $hours }
audit-quiet-off = тихие часы выключены
audit-note = заметка: { $note }
audit-note-off = заметка убрана
audit-together = тревоги идут всем сразу
audit-one-by-one = тревоги идут по очереди
audit-invited = создано приглашение: { $role ->
    [viewer] наблюдатель
    [operator] оператор
   *[owner] владелец
}
audit-joined = теперь в списке, по приглашению ({ $by }): { $role ->
    [viewer] наблюдатель
    [operator] оператор
   *[owner] владелец
}
audit-role = { $name } теперь { $role ->
    [viewer] наблюдатель
    [operator] оператор
   *[owner] владелец
}
audit-removed = { $name } больше не в списке
audit-chat-moved = Маршрут { $route }: группа { $chat } стала супергруппой { $to }, маршрут идёт за ней
audit-place-moved = Группа { $chat } стала супергруппой { $to } и остаётся открытой для парка
audit-name-moved = Маршрут { $route } остановлен: имя в нём ведёт в другой чат, чем раньше
audit-here = открыта группа { $chat }

## Тревоги

alert-since = С { CLOCK($at) } · { $host } · #A{ $n }
alert-crash = 🟠 ❌ <b>{ $worker }</b> упал ({ $how }, через { SPAN($uptime) }{ $times ->
    [1] )
    [few] { " " }· { $times } раза)
   *[many] { " " }· { $times } раз)
}
alert-gave-up = 🔴 ❌ <b>{ $worker }</b> сдался ({ $how }, через { SPAN($uptime) }{ $times ->
    [1] )
    [few] { " " }· { $times } раза)
   *[many] { " " }· { $times } раз)
}
alert-locked = 🟠 💾 <b>{ $worker }</b>: файл сессии занят{ $times ->
    [1] { "" }
    [few] { " " }· { $times } раза
   *[many] { " " }· { $times } раз
}
alert-needs-login = 🔴 🔑 <b>{ $worker }</b>: нужен вход
alert-key-ended = Telegram завершил эту сессию ({ $code }). Перезапускать не будем.
alert-do-login = Что делать: нажмите 🔐 Войти (около минуты).
alert-error-line = <code>{ $line }</code>
alert-no-error = <i>Текста ошибки не осталось.</i>
alert-next-restart = Перезапуск через { SPAN($delay) }, в { TIME($at) } ({ $attempt }/{ $limit }).
alert-next-retry = Следующая попытка через { SPAN($delay) }, в { TIME($at) }.
alert-next-gave-up = { $attempts ->
    [one] { $attempts } перезапуск
    [few] { $attempts } перезапуска
   *[many] { $attempts } перезапусков
} за { SPAN($window) } не помогли. Больше попыток не будет, пока вы не нажмёте «Перезапустить».
alert-locked-next = Попытки идут несколько раз в минуту, без конца. Ничего не удаляется, сбоем это не считается.
alert-broken = 🔴 🧯 <b>{ $worker }</b>: файл сессии непригоден
alert-locked-by = Мешает: pid { $pid } <code>{ $command }</code> (пользователь { $user })
alert-locked-by-other = Мешает: pid { $pid } <code>{ $command }</code> (пользователь { $user }). Чужие программы я не останавливаю: завершите её на самой машине.
details-locked = ⚠️ Файл сессии занят другой программой. Файл не удаляйте: когда она завершится, воркер продолжит сам.
alert-broken-next = Файл проверяется каждые 30 с; воркер запустится сам, когда причина исчезнет. До этого перезапусков не будет.
alert-storage = 🟠 💾 <b>{ $worker }</b>: файл сессии работает медленно{ $times ->
    [1] { "" }
    [few] { " " }· { $times } раза
   *[many] { " " }· { $times } раз
}
alert-storage-wait = Операция «{ $operation }» ждала файл { SPAN($ms) }.
alert-storage-waits = Каждая двадцатая запись за последние 5 мин ждала дольше { $ms } мс.
alert-storage-wal = Его журнал занимает { $mb } МБ и не освобождается.
alert-storage-wal-held = Его журнал занимает { $mb } МБ и не освобождается; мешает: <code>{ $holder }</code>
alert-storage-checkpoint = Журнал не освобождается: { $why }
alert-storage-do = Что делать: проверьте диск машины: сколько занято, насколько загружен.
alert-next-parked = Перезапуск не поможет. Воркер стоит, пока вы не вмешаетесь.
alert-next-login = Перезапускать не будем: поможет только вход.
alert-action = { $verb ->
    [restart] 🔄 Перезапускается…
    [retry] 🔁 Пробую…
    [wake] ⏩ Пробую…
    [drop] 🧹 Выбрасываю…
    [check] 🩺 Проверяется…
    [who] 👀 Ищем…
    [stop] ⏹ Останавливается…
    [start] ▶️ Запускается…
   *[other] ⏳ { $verb }
} по команде { $by }, { TIME($at) }
alert-solved = ✅ <b>{ $what }</b> #A{ $n } решено за { SPAN($ms) } ({ $how })
alert-what-redis-away = Redis
alert-what-refused-job = Отклонённые задания
alert-what-token-conflict = Конфликт токена
solved-itself = само
solved-command = { $verb ->
    [start] запуск
    [stop] остановка
    [restart] перезапуск
   *[other] { $verb }
}, { $by }
solved-stopped = остановлено: { $by }
solved-deleted = воркер удалён: { $by }
solved-replaced = процесс поднялся; о его аккаунте есть отдельная тревога
solved-route-off = маршрут выключен
solved-route-gone = маршрут удалён
alert-key-duplicated = Telegram увидел эту сессию с двух адресов и отменил её навсегда ({ $code }). Копия не поможет: в ней тот же ключ. Перезапускать не будем.
alert-banned = 🔴 🔑 <b>{ $worker }</b>: аккаунт заморожен или заблокирован
alert-banned-how = Ответ Telegram: { $code }. Воркер остановлен насовсем.
alert-banned-do = Что делать: обжаловать в приложении Telegram или написать на recover@telegram.org.
alert-limited = 🔴 ⚠️ <b>{ $worker }</b>: Telegram не даёт ему писать незнакомым
alert-limited-how = Ответ Telegram: { $code }. Отправка остановлена, чтение продолжается.
alert-limited-do = Что делать: откройте @SpamBot с этого аккаунта. Когда ограничение снимут, нажмите ▶️ Возобновить отправку.
alert-offline = 🟡 🔌 <b>{ $worker }</b> не на связи с { TIME($at) }
alert-offline-how = Подключение повторяется само. Делать ничего не нужно.
alert-flood = ⏳ <b>{ $worker }</b>: Telegram просит паузу на { SPAN($ms) }, до { CLOCK($until) }
alert-gap = 🟠 🔍 <b>{ $worker }</b>: сообщения потеряны{ $times ->
    [1] { "" }
    [few] { " " }· { $times } раза
   *[many] { " " }· { $times } раз
}
alert-gap-outage = { $how ->
    [offline] После { SPAN($ms) } без связи
   *[update] После обрыва связи (последнее обновление за { SPAN($ms) } до возвращения)
}: пропущено { $missed }, восстановлено { $recovered }, потеряно ≥ { $lost }.
alert-gap-outage-long = После перерыва: пропущено { $missed }, восстановлено { $recovered }, потеряно ≥ { $lost }.
alert-gap-live = Потеряно ≥ { $lost }, хотя связь была.
alert-gap-too-many = ≥ { $lost }: больше, чем Telegram отдаёт за раз. Остаток этого чата не запрашивается.
alert-gap-unreadable = ≥ { $lost }: эта версия не умеет читать то, что прислал Telegram.
alert-gap-do = Нажмите ✋, когда приняли к сведению.
alert-quiet = 🟡 🔍 <b>{ $worker }</b>: { $source } молчит { SPAN($ms) } (обычно { SPAN($rhythm) })
alert-withheld = 🟡 🔍 <b>{ $worker }</b>: Telegram не отдаёт новые сообщения { $source }
alert-quiet-none = Проверено: на сервере нет ничего новее. Ничего не потеряно.
alert-quiet-found = Проверено: найдено и получено новых: { $found }.
alert-quiet-withheld = Проверено: на сервере есть новые сообщения, но он их не отдаёт. Воркер продолжает их запрашивать.
alert-closed = 🟡 ⚠️ <b>{ $worker }</b> больше не может читать { $source } ({ $reason })
alert-closed-how = { $others ->
    [0] Других читаемых чатов нет.
    [1] Другой чат читается.
   *[other] Остальные ({ $others }) работают.
}
alert-closed-do = Что делать: верните аккаунт в чат или уберите чат из маршрута.
alert-unknown-chat = 🟡 🔎 Маршрут <b>{ $route }</b>: у { $worker } нет чата { $chats }
alert-unknown-chat-meant = Оттуда ничего не приходит. Что делать: впишите в маршрут { $meant }.
alert-unknown-chat-do = Оттуда ничего не приходит. Что делать: добавьте { $worker } в этот чат или исправьте его в маршруте.
alert-poison = 🟠 📦 Маршрут <b>{ $route }</b>: отложено { $count ->
    [one] { $count } сообщение
    [few] { $count } сообщения
   *[other] { $count } сообщений
}
alert-poison-why = Не принято: { $reason }
alert-poison-do = Следующие идут дальше. Что делать: повторите, когда причина исчезнет, или выбросьте.
alert-route-blocked = 🟠 ⛔ Маршрут <b>{ $route }</b> стоит: { $worker } не может доставить в { $target } ({ $code })
alert-sender = 🟡 📤 Маршрут <b>{ $route }</b> ждёт своего отправителя { $worker }
alert-route-rights = Что делать: верните { $worker } право писать туда (в канале: администратору с правом публикации).
alert-route-access = Что делать: добавьте { $worker } в этот чат снова или смените цель маршрута.
alert-route-limited = Telegram ограничил отправку { $worker } ({ $code }). Что делать: загляните в @SpamBot, потом нажмите «Возобновить отправку».
alert-route-topic = Что делать: откройте тему снова или укажите маршруту другую.
alert-route-name = Имя в этом маршруте теперь ведёт в другой чат, чем при создании маршрута. Что делать: посмотрите, чьё оно. Нужен новый чат – нажмите ⏩ Сейчас; нужен прежний – впишите в маршрут его номер.
alert-route-loop = Одно и то же сообщение возвращалось снова и снова, и маршрут остановился сам. Что делать: проверьте его чаты, потом нажмите ⏩ Сейчас.
alert-route-webhook = Что делать: проверьте вебхук: он ответил { $code }.
alert-route-sender = { $worker } не запущен, не на связи или ждёт входа. Что делать: откройте его карточку.
alert-route-other = Что делать: проверьте цель; до этого маршрут ничего другого не отправляет.
alert-route-waiting = { $some ->
    [0] Сообщение ждёт; оно не потеряно и будет отправлено снова само.
   *[other] Сообщения ждут; ни одно не потеряно, их отправка повторится сама.
}
alert-service-chat = 🔁 Маршрут <b>{ $route }</b> выключен: { $chat } — служебный чат Telegram. Telegram отменяет код входа, который передают дальше, и пока маршрут работал, войти в аккаунт было нельзя.
alert-loop = 🔁 Маршрут <b>{ $route }</b> выключен: доставленное в { $to } без конца возвращалось бы в { $back }. Измените его цель или источники и включите снова.
alert-flood-all = До этого ничего не читается и не отправляется; сказанное за это время будет получено.
alert-flood-reading = До этого нельзя запросить пропущенное. Новые сообщения приходят, отправка работает.
alert-flood-sending = Отправка ждёт, чтение продолжается. Ожидающее сохранено, ничего не потеряно.
alert-flood-how = Потом всё продолжится само. Лишние попытки только удлинят паузу.
alert-host-away = 🔴 🖥 <b>{ $host }</b> не отвечает ({ $workers ->
    [one] { $workers } воркер
    [few] { $workers } воркера
   *[many] { $workers } воркеров
})
alert-host-how = Последний сигнал в { TIME($at) }. Если супервизор завершился, воркеры завершились с ним. Если он лишь не видит Redis, они могут работать.
alert-host-how-several = Последний сигнал в { TIME($at) }. Если супервизор завершился, воркеры завершились с ним. Если он лишь не видит Redis, они отключаются от Telegram в течение 10 секунд и вернутся, когда он снова станет доступен.
alert-host-do = Что делать: проверьте, включён ли { $host } и работает ли супервизор.
alert-trouble-detail = <code>{ $detail }</code>
alert-trouble-key-written-back = 🔴 🔑 <b>{ $host }</b>: файл fleet.key был удалён и записан снова
alert-trouble-key-written-back-do = Что делать: выясните, что удаляет файлы в папке данных, и храните копию ключа вне её.
alert-trouble-key-changed = 🔴 🔑 <b>{ $host }</b>: в fleet.key теперь другой ключ
alert-trouble-key-changed-do = Воркеры работают со старым ключом. После перезапуска не откроется ни одна сессия. Что делать: верните старый ключ до перезапуска { $host }.
alert-trouble-key-damaged = 🔴 🔑 <b>{ $host }</b>: файл fleet.key повреждён
alert-trouble-key-damaged-do = Воркеры работают. После перезапуска не откроется ни одна сессия. Что делать: уберите повреждённый файл, ключ будет записан снова за несколько секунд.
alert-trouble-key-unwritable = 🔴 🔑 <b>{ $host }</b>: fleet.key пропал, и записать его снова не удаётся
alert-trouble-key-unwritable-do = Воркеры работают; не перезапускайте сейчас { $host }. Что делать: откройте папку данных на запись, ключ будет записан за несколько секунд.
alert-trouble-folder-gone = 🔴 📁 <b>{ $host }</b>: папка данных перемещена или удалена
alert-trouble-folder-gone-do = Воркеры отключаются от Telegram. Что делать: верните папку на место и перезапустите { $host }.
alert-trouble-record-deleted = 🔴 🗂 <b>{ $host }</b>: файл host.db удалён
alert-trouble-record-deleted-do = Воркеры работают. Что делать: перезапустите { $host }, когда будет удобно. Сначала положите сохранённое содержимое (.rescued) на место host.db.
alert-trouble-record-set-aside = 🔴 🗂 <b>{ $host }</b>: файл host.db был повреждён, начат новый
alert-trouble-record-set-aside-do = Воркеры, которые здесь работали, запущены; счётчики падений и сообщений начаты заново. Кроме этих счётчиков потеряны только свои правила перезапуска и то, какие воркеры стояли. Что делать: проверьте диск и какие воркеры должны стоять. Если нужны правила: <code>restore --archive … --only host.db</code> на { $host }.
alert-trouble-record-missing = 🔴 🗂 <b>{ $host }</b>: файл host.db пропал, начат новый
alert-trouble-record-missing-do = Воркеры, которые здесь работали, запущены; счётчики падений и сообщений начаты заново. Потеряны и свои правила перезапуска, и то, какие воркеры стояли. Что делать: выясните, что удаляет там файлы, и проверьте, какие воркеры должны стоять.
alert-trouble-record-backup-do = Воркеры, которые здесь работали, запущены, и те, что стояли, тоже. Что делать: нажмите ♻️ и посмотрите, что вернёт копия. До подтверждения ничего не меняется.
alert-trouble-record-unwritable = 🔴 🗂 <b>{ $host }</b>: в host.db не удаётся писать
alert-trouble-record-unwritable-do = Воркеры и кнопки работают. Пока писать нельзя, перезапуск { $host } забудет изменения. Что делать: освободите место на диске.
alert-trouble-disk-full = 🔴 💾 <b>{ $host }</b>: диск заполнен. Папка и свободное место:
alert-trouble-disk-full-do = Аккаунты остаются на связи; что нельзя записать, ждёт или отклоняется с этой причиной. Что делать: освободите место; дальше всё пойдёт само, без перезапуска.
alert-trouble-control-disk-full = 🔴 💾 <b>{ $host }</b>: диск бота заполнен. Папка и свободное место:
alert-trouble-control-disk-full-do = Аккаунты остаются на связи и пересылают. Кнопки, которым нужно писать, отвечают этой причиной. Что делать: освободите место; дальше всё пойдёт само, без перезапуска.
alert-disk-direct = 🔴 💾 { $host }: диск бота заполнен (свободно { $detail }). Аккаунты на связи; кнопки, которым нужно писать, не работают. Освободите место; дальше всё пойдёт само.
problem-disk-full = ❌ Диск бота заполнен, поэтому ничего не сделано. Освободите место и нажмите ещё раз.
alert-trouble-clock-apart = 🟠 🕰 <b>{ $host }</b>: часы расходятся с часами Redis
alert-trouble-clock-apart-do = Команды работают; время в чате неверно на столько же. Что делать: включите синхронизацию времени (NTP) на обеих машинах.
alert-trouble-sessions-idle = 🟠 📁 <b>{ $host }</b>: файлы сессий без воркера
alert-trouble-sessions-idle-do = Ими никто не пользуется. Что делать: нажмите ➕ Добавить и пришлите одно из этих имён; воркер запустится с этой сессией, без входа.
alert-trouble-control-deleted = 🔴 🗂 <b>{ $host }</b>: файл бота control.db удалён
alert-trouble-control-deleted-do = Бот работает, но перезапуск потеряет администраторов, маршруты и настройки. Что делать: остановите Flotilla, положите сохранённое содержимое (.rescued) на место control.db, запустите снова.
alert-trouble-supervisor-ended = 🔴 🖥 <b>{ $host }</b>: супервизор завершился, все его воркеры отключены от Telegram
alert-trouble-supervisor-ended-do = Он запускается снова сам; воркеры возвращаются по одному. Пропущенное будет получено. Почему он завершился: logs/supervisor.log в папке данных.
alert-trouble-supervisor-down = 🔴 🖥 <b>{ $host }</b>: супервизор завершается снова и снова, все его воркеры отключены от Telegram
alert-trouble-supervisor-down-do = Попытка раз в минуту. Что делать: прочитайте logs/supervisor.log в папке данных, причина в его конце.
alert-host-network = 🟠 🔌 <b>{ $host }</b>: { $count ->
    [1] единственный воркер
    [one] все { $count } воркер
    [few] все { $count } воркера
   *[many] все { $count } воркеров
} не на связи с { TIME($at) }: дело в сети хоста, а не в сессиях
alert-host-network-do = Что делать: проверьте сеть { $host }. Сессии целы; воркеры вернутся по очереди.
alert-redis-away = 🟠 🔌 <b>Redis недоступен</b>
alert-redis-how = Воркеры продолжают работу; кнопки не действуют, пока он не вернётся, а состояния устарели.
alert-redis-how-several = При HOSTS=several воркер не может оставаться в Telegram без своей аренды: воркеры, чью аренду нельзя продлить, отключаются в течение 10 секунд, чтобы их сессию не открыл второй хост, и возвращаются сами. До тех пор кнопки не действуют.
alert-redis-how-no-memory = Подключённые воркеры остаются в Telegram: их аренду ещё можно продлить. Запускаемые сейчас ждут. Кнопки не действуют, пока не освободится память.
alert-redis-do = Что делать: проверьте, работает ли Redis и доступен ли он с машины бота.
alert-refused-job = 🔴 <b>В очереди { $queue } отклонены задания</b>: { $count }. Ни одно не выполнено.
alert-refused-unsigned = Без подписи: { $count }. Их записал тот, у кого есть доступ к Redis, или ещё работает программа версии 0.1. Что делать: обновите все хосты до этой версии.
alert-refused-wrong-signature = С неверной подписью: { $count }. Их изменили или переставили в Redis, или у какой-то программы другой FLEET_KEY. Что делать: задайте всем хостам один FLEET_KEY.
alert-refused-too-old = Подписаны больше недели назад: { $count }. Кто-то снова положил в Redis старые задания, или часы идут неверно. Что делать: сверьте часы хостов.
alert-refused-unreadable = Вообще не задания: { $count }. В этот Redis пишет другая программа. Что делать: дайте ей свой Redis или свой номер базы.
alert-refused-again = Уже были выполнены: { $count }. Кто-то снова положил их в Redis. После восстановления Redis делать ничего не нужно.
alert-refused-do = Если дело не в этом: проверьте, у кого есть доступ к Redis, и смените его пароль (docs/safety.md).
alert-two-hosts = 🔴 <b>Одновременно работают хосты, которые не знают друг о друге</b>: { $hosts }
alert-two-hosts-how = Хотя бы на одном из них задано HOSTS=one. Один аккаунт может запуститься на обоих; тогда их разделяют только Redis и Telegram.
alert-two-hosts-do = Что делать: задайте HOSTS=several в .env каждого хоста и перезапустите их или остановите лишний хост.
alert-backup = 🟠 <b>Копия хоста { $host } требует внимания</b>
alert-backup-own = 🟠 <b>Копия папки бота требует внимания</b>
alert-backup-place-own = 🟡 <b>Копия папки бота лежит на её же диске</b>
alert-schedule = 🟠 <b>{ $what ->
    [copies] Копии сессий не удались
   *[restart] Ночной перезапуск не удался
 }: { $failed } из { $total }</b>
alert-schedule-part = • { $key }: { $why }
alert-schedule-do = Что делать: посмотрите причины. В 🗓 Расписаниях есть ▶️ Запустить сейчас и следующее время.
alert-check = 🟠 <b>Самопроверка { $host } нашла { $count ->
    [one] { $count } проблему
    [few] { $count } проблемы
   *[many] { $count } проблем
 }</b>
alert-check-found = ❌ { $what } → { $todo }
alert-backup-do = Что делать: посмотрите причину, устраните её и запустите на хосте <code>npm run flotilla -- backup</code>. Настройки – в <code>docs/runbooks/backup.md</code>.
alert-backup-place = 🟡 <b>Копия хоста { $host } лежит на диске его сессий</b>
alert-backup-place-do = Один сломанный диск заберёт и то и другое. Что делать: укажите в BACKUP_DIR другой диск или в BACKUP_COMMAND команду, которая уносит каждый архив.
backup-failed = Последняя попытка не удалась: { $why }
backup-not-sent = Архив готов, но BACKUP_COMMAND его не забрала: { $why }
backup-too-old = Последняя годная копия – { DATE($at) }.
backup-never = С { DATE($at) } нет ни одной.
backup-damaged = { $count ->
    [one] { $count } файл в ней повреждён или не читается.
    [few] { $count } файла в ней повреждены или не читаются.
   *[many] { $count } файлов в ней повреждены или не читаются.
}
alert-token-conflict = 🔴 <b>Другая программа использует токен этого бота</b> (409)
alert-token-how = Пробую каждые 30 с. Воркерам это не мешает, но нажатия уходят той программе.
alert-token-do = Что делать: остановите ту программу или получите новый токен у @BotFather.
alert-test = 🧪 <b>Проверочная тревога</b>, по команде { $by }
alert-test-how = Если вы это читаете, тревоги доходят. Нажмите ✋, чтобы закончить.
alert-drill = нужен вход в сессию (не на самом деле: это учение, по команде { $by })
alert-drill-how = Она идёт путём настоящей: через 15 мин следующему, через 60 всем. Нажмите ✋, чтобы закончить.
alert-group = { $level } <b>Тревог одного вида: { $count }</b>
alert-group-back = ✅ в порядке: { $over }, ещё нет: { $open }
alert-group-in = за { SPAN($ms) }
alert-group-crash = 🟠 ❌ <b>Упали воркеры: { $count } из { $total }</b>{ $in }{ $how }
alert-group-gave-up = 🔴 ❌ <b>Больше не перезапускаются: { $count } из { $total }</b>{ $how }
alert-group-broken = 🔴 🧯 <b>Файл сессии непригоден: { $count } из { $total }</b>{ $how }
alert-group-locked = 🟠 💾 <b>Файл сессии занят: { $count } из { $total }</b>
alert-group-needs-login = 🔴 🔑 <b>Нужен вход: { $count } из { $total }</b>{ $how }
alert-group-banned = 🔴 🔑 <b>Аккаунты заморожены или заблокированы: { $count } из { $total }</b>{ $how }
alert-group-limited = 🔴 ⚠️ <b>Аккаунты ограничены Telegram: { $count } из { $total }</b>{ $how }
alert-group-offline = 🟡 🔌 <b>Не в сети: { $count } из { $total }</b>
alert-digest = 📨 <b>Ещё тревог: { $count }</b>, из них открыто { $open }
alert-more = … и ещё { $count }
alert-taken = ✋ Занимается { $by }
alert-muted = 🔕 без звука до { CLOCK($until) }
alert-solved-group = ✅ #A{ $n }: { $count ->
    [2] обе решены
    [one] решена { $count }
   *[many] решено: { $count }
} за { SPAN($ms) }
notice-fleet-away = ⚠️ <b>Flotilla не работала</b> с { DATE($from) } до { CLOCK($to) } ({ SPAN($ms) }). Её никто не останавливал: процессы были убиты или машина была выключена.
notice-fleet-off = Были отключены от Telegram: { $count } из { $total } (<b>{ $names }</b>). Пропущенное будет получено.
notice-fleet-missing = ❌ Ещё не вернулись: { $count } (<b>{ $names }</b>).
notice-bot-here = 🛰 Этот бот теперь работает на <b>{ $host }</b>. Раньше он работал на { $before }.
notice-standby = 🛰 Второй бот этого парка ждёт на <b>{ $standby }</b>. Активный бот — этот, на { $host }, с { TIME($since) }.
notice-standby-takes-over = Он ничего не опрашивает и не отправляет. Если этот бот пропадёт, он заменит его в течение полуминуты.
notice-standby-stays = Он ничего не опрашивает и не отправляет и сам этого бота не заменит: его <code>control.db</code> — не от этого парка. Если он запущен по ошибке, остановите его.
notice-standby-gone = 🛰 Второго бота на <b>{ $standby }</b> больше нет. Этот бот, на { $host }, работает один.
bot-suspended = ⏸ Бот на { $host } не может продлить свою аренду: Redis не отвечает. Пока Redis не вернётся, нажатия остаются без ответа. Они не теряются.
notice-bot-away = ⚠️ <b>Бот не работал</b> с { DATE($from) } до { CLOCK($to) } ({ SPAN($ms) }). Его никто не останавливал. Воркеры работали.
alert-maintenance-over = ⏸ Обслуживание { TIME($since) }–{ CLOCK($until) } закончилось: придержано тревог { $held }, ещё открыто { $open }.
alert-maintenance-over-worker = ⏸ Обслуживание <b>{ $scope }</b> { TIME($since) }–{ CLOCK($until) } закончилось: придержано тревог { $held }, ещё открыто { $open }.
solved-taken = { $by }
alerts-title-open = 🚨 <b>Открытые тревоги</b> ({ $count })
alerts-title-taken = ✋ <b>Взятые тревоги</b> ({ $count })
alerts-title-muted = 🔕 <b>Тревоги без звука</b> ({ $count })
alerts-title-day = 🕓 <b>Тревоги за 24 ч</b> ({ $count })
crew-over = ✅ Ни у одного из этих воркеров больше нет открытой тревоги.
alerts-none = Нет. ✅
alerts-since = · { AGO($at) }
alerts-took = решено за { SPAN($ms) }
second-unanswered = час никто не взял эти тревоги
second-away = бот не может связаться с Telegram{ $proxy ->
    [none] { "" }
   *[other] { " " }через { $proxy }
} с { CLOCK($at) }; ждёт тревог: { $count }

## Сбои: по коду, если для него есть слова, иначе по виду

fault-sqlite-empty = Файл сессии пуст (0 байт): содержимое потеряно. Верните копию.
fault-sqlite-not-a-database = Вместо файла сессии что-то другое, или его начало перезаписано. Верните копию.
fault-sqlite-truncated = Файл сессии короче, чем должен быть: часть потеряна. Верните копию.
fault-sqlite-corrupt = Файл сессии повреждён внутри. Верните копию и проверьте диск.
fault-key-unreadable = Ключ в файле сессии изменён (контрольная сумма не сходится). Верните копию и проверьте диск.
fault-sqlite-missing = Файл сессии пропал, хотя он был. Верните копию.
fault-sqlite-deleted = Кто-то удалил файл сессии во время работы воркера. Выясните кто, затем верните копию.
fault-sqlite-replaced = Кто-то подменил файл сессии во время работы воркера. Выясните кто; воркер его не тронул.
fault-sqlite-full = Диск заполнен. Освободите место: воркер продолжит сам.
fault-sqlite-readonly = В файл сессии нельзя писать (диск только для чтения или права). Когда станет можно, воркер продолжит сам.
fault-sqlite-foreign-owner = Файл сессии принадлежит другому пользователю. Верните его пользователю, от которого работает Flotilla (chown): воркер продолжит сам.
fault-sqlite-cantopen = Файл сессии не открывается. Проверьте, что папка существует и принадлежит пользователю, от которого работает Flotilla.
fault-sqlite-io = Диск сообщил об ошибке. Проверьте диск и системный журнал.

class-NETWORK = Сбой сети.
class-TG_SERVER = Неполадки на серверах Telegram.
class-FLOOD = Telegram просит паузу.
class-LIMITED = Telegram ограничил этот аккаунт.
class-SESSION_LOCKED = Файл сессии занят другой программой.
class-IN_USE = Сессия используется в другом месте.
class-AUTH_DEAD = Telegram завершил эту сессию.
class-BANNED = Telegram заморозил или заблокировал этот аккаунт.
class-SOURCE = Источник недоступен для чтения.
class-GAP = Не хватает сообщений.
class-STUCK = Воркер не отвечает.
class-CRASH = Воркер упал.
class-OOM = Воркеру не хватило памяти.
class-CONFIG = Ошибка в настройках.
class-DB_BROKEN = Файл базы повреждён.
class-REQUEST = Telegram отклонил один запрос.

## Пересылка

relay-matched = 🔎 Маршрут <b>{ $route }</b> сработал: { $because }
relay-matched-any = 🔎 Маршрут <b>{ $route }</b>: новое сообщение

route-gone = Маршрута <b>{ $route }</b> больше нет.
route-title-on = 🔀 <b>{ $route }</b> · включён
route-title-off = ⏸ <b>{ $route }</b> · выключен
route-way = { $reader }: { $chats } → { $target }
route-filter = Фильтр: <code>{ $filter }</code>
route-filter-none = Фильтр: нет, берётся всё
route-forward = Пересылает как есть
route-copy = Копирует как <code>{ $template }</code>
route-follow = Правки { $edits } · удаления { $deletes } · оповещение { $alert }
route-alert-off = выкл.
route-alert-silent = без звука
route-alert-sound = со звуком
route-other-version = 🔴 { $reader } работает не по этим маршрутам. Они отправлены ему снова; если это не проходит, проверьте его журнал и часы обоих хостов.
route-silent = { $reader } ещё не сообщил об этом маршруте.
route-counts = Подошло { $matched } · доставлено { $delivered } · отсеяно { $filtered } · защищено { $skipped }
route-followed = Правок { $edited } · удалений { $deleted }
route-left-out = Устарело { $old } · правок пересланного не повторено { $forwarded }
route-cut = ✂️ Частей длинных текстов, которые не приняты { $count }
route-unreached = Правок и удалений, которые дошли не до всего сообщения { $count }
route-no-reply = Доставлено без ответа на сообщение { $count }
route-no-media = Доставлено без фото, файла, опроса или места { $count }
route-late = Подошло после правки { $late }
route-latency = Задержка p50 { $p50 } с · p99 { $p99 } с
route-last = Последняя доставка { AGO($at) }
route-queue = Очередь { $count }
route-file = ⬇️ { $name }: { $done } из { $size } МБ
route-parked = снова отправит { IN($at) }
route-forecast = опустеет { IN($at) }
route-blocked = 🔴 Остановлен: { $reason }
route-reason = ⏳ { $reason }
route-poison = ⚠️ Отложено { $count }: { $reason }
route-moved = ↪️ Чат стал супергруппой, маршрут идёт за ним: { $chats }
route-unknown = ⚠️ Этот аккаунт не знает: { $chats }
route-fill-running = 📥 Загружаются старые сообщения: пока { $fetched }
fill-title = 📥 <b>{ $route }</b>: получить старые сообщения. Не больше 2000 из каждого источника, страница в секунду; доставленное раньше не повторится.
button-fill-f20 = Последние 20
button-fill-f200 = Последние 200
button-fill-fday = За 24 ч
button-fill-fweek = За 7 д
button-fill-fsince = 📅 С какого дня…
button-fill-stop = ✖️ Прекратить
button-leave-out = 🚫 Исключить { $name }
ask-since = 📥 С какого дня? Пришлите день, например 2026-11-01 или 2026-11-01 14:30 (в часовом поясе этого чата).
ask-since-bad = Это не прошедший день. Так: 2026-11-01
route-fill-wanted = 📥 Старые сообщения: получено { $fetched } из { $wanted }
route-fill-waits = Telegram просит подождать; продолжится { IN($at) }
route-fill-done = 📥 Старые сообщения: взято { $taken } из { $fetched }, { $known } уже доставлены
route-fill-cancelled = 📥 Загрузка отменена после { $fetched }
route-fill-failed = 📥 Загрузка не удалась: { $reason }
routes-title = 🔀 <b>Маршруты</b>
routes-title-of = 🔀 <b>Маршруты</b> { $worker }
routes-none = Пока нет.
routes-more = … и ещё { $count }
routes-line-counts = · доставлено { $delivered }, ждёт { $waiting }
sources-title = 📡 <b>Источники</b> { $worker }
sources-none = Ни один маршрут здесь ничего не читает.
source-fine = ✅ { $name } · { SPAN($age) } назад · обычно { $rhythm }
source-quiet = 🟡 { $name } · молчит { SPAN($age) } · обычно { $rhythm }
source-new = ➖ { $name } · сообщений ещё не было
source-paused = ⏸ { $name } · на паузе
source-unknown = ⚠️ { $name } · аккаунт его не знает
source-closed = 🔴 { $name } · закрыт: { $reason }
source-rhythm-unknown = пока неизвестно
dry-title = 🔎 <b>Проба</b> { $route }
dry-sum = Из последних { $count } было бы доставлено { $taken }. Ничего не отправлено.
dry-running = ⏳ Смотрю последние сообщения…
dry-empty = В источниках нет сообщений.
skip-filtered = отсеяно
skip-protected = защищено
skip-ephemeral = исчезающее
skip-empty = пустое
skip-other-topic = другая тема
skip-own-relay = доставлено пересылкой
word-on = вкл.
word-off = выкл.
word-bot = бот
button-routes = 🔀 Маршруты
button-sources = 📡 Источники
button-route = 🔀 Маршрут
button-route-on = ▶️ Включить
button-route-off = ⏸ Выключить
button-route-dry = 🔎 Проба
button-route-edits-on = ✏️ Следить за правками
button-route-edits-off = ✏️ Без правок
button-route-deletes-on = 🗑 Следить за удалениями
button-route-deletes-off = 🗑 Без удалений
button-route-alert-off = 🔕 Оповещение: выкл.
button-route-alert-silent = 🔈 Оповещение: тихо
button-route-alert-sound = 🔔 Оповещение: звук
button-route-fill = 📥 Старые сообщения
button-route-retry = 🔁 Повторить
button-route-drop = 🧹 Выбросить
button-route-wake = ⏩ Сейчас
button-route-remove = ❌ Убрать
button-route-new = ➕ Новый маршрут
toast-route-saved = ✅ Сохранено
route-problem-duplicate = ❌ Маршрут { $route } уже есть.
route-problem-stranger = ❌ Воркера { $worker } здесь нет.
route-problem-apart = ❌ Файлы не могут попасть с { $from } на { $to }: у { $from } нет HOST_URL. Задайте его там, выберите отправителя на { $from } или не копируйте файлы.
route-problem-saved = ❌ «Избранное» воркера { $worker } не может быть источником.
route-problem-person = ❌ { $worker } доставляет в каналы, группы и «Избранное» (me), но не людям.
route-problem-bot-saved = ❌ У бота нет «Избранного»: укажите чат.
route-problem-forward = ❌ Пересылать может только воркер; для бота и вебхука нужна копия.
route-problem-forward-private = ❌ Из личных чатов и малых групп пересылает только сам { $worker }; иначе нужна копия.
route-problem-targets = ❌ { $worker } доставлял бы больше чем в { $count } чатов.
route-problem-misnumbered = ❌ У { $worker } нет чата { $chat }. Нужный номер: { $meant }.
route-problem-service-chat = ❌ { $chat } — служебный чат Telegram. Оттуда приходят коды входа, поэтому маршрут не может ни читать его, ни писать в него.
route-problem-loop = ❌ Петля: доставленное в { $to } возвращалось бы в { $back }.
route-problem-bad-template = ❌ { $token } – не поле текста, есть: { $fields }. Скобка пишется дважды.
route-problem-other = ❌ В таком виде маршрут не годится.
route-problem-rule-quote = ❌ Фильтр, знак { $at }: кавычка " не закрыта.
route-problem-rule-unread = ❌ Фильтр, знак { $at }: не читается.
route-problem-rule-flags = ❌ Фильтр, знак { $at }: после регулярного выражения бывает только i.
route-problem-rule-regex-end = ❌ Фильтр, знак { $at }: регулярное выражение кончается знаком /.
route-problem-rule-comma = ❌ Фильтр, знак { $at }: между словами пишите or, а не запятую.
route-problem-rule-unknown = ❌ Фильтр, знак { $at }: здесь может быть только { $token }.
route-problem-rule-sender = ❌ Фильтр, знак { $at }: { $token } – не отправитель. Укажите @username или число.
route-problem-rule-empty = ❌ Фильтр, знак { $at }: пустое слово.
route-problem-rule-close = ❌ Фильтр, знак { $at }: у этой ) нет своей (.
route-problem-rule-open = ❌ Фильтр, знак { $at }: не хватает ).
route-problem-rule-surplus = ❌ Фильтр, знак { $at }: лишнее слово.
route-problem-rule-missing = ❌ Фильтр, знак { $at }: не хватает слова.
route-problem-rule-deep = ❌ Фильтр, знак { $at }: слишком глубокая вложенность.
route-problem-rule-long = ❌ Фильтр: в регулярном выражении не больше { $token } знаков.
route-problem-rule-regex = ❌ Фильтр: { $token } – не то регулярное выражение, которое здесь возможно.
button-route-gone = ❌ Убрать навсегда
route-sure = Убрать маршрут <b>{ $route }</b>? Ожидающие на нём сообщения не будут доставлены.
toast-route-removed = Убран
audit-route = изменён маршрут { $route }
audit-route-removed = убран маршрут { $route }
button-route-edit = ✏️ Изменить
route-topics = Темы: { $from } → { $into }
route-topic-all = все
ask-route-bad = ❌ Не понимаю: в первой строке источники, во второй одна цель.

## Маршруты по шагам

rwiz-title-new = ➕ <b>Новый маршрут</b> { $route }
rwiz-title-edit = ✏️ <b>Изменить маршрут</b> { $route }
rwiz-none = Вы сейчас не создаёте маршрут. Начать: ➕ Новый маршрут.
rwiz-name = Как его назвать? Пришлите имя (a-z, 0-9, _ и -) или возьмите это.
rwiz-lines =
    Спешите? Пришлите всё тремя строками:
    1. что читать: <code>@channel</code> или числа через пробел
    2. куда: <code>@chat</code>, <code>другой_воркер @chat</code>, <code>bot @chat</code> или адрес https
    3. какие сообщения (можно пропустить): <code>btc or eth</code>
rwiz-reader = Какой воркер читает?
rwiz-chats = Что читать воркеру { $reader }? Нажмите один или несколько чатов или пришлите <code>@имя</code>, число или ссылку, или перешлите сообщение. Потом дальше.
rwiz-topic = Какая тема в { $chat }? Подойдёт и ссылка на сообщение в ней.
rwiz-into = В какую тему { $chat }? Подойдёт и ссылка на сообщение в ней или её номер.
rwiz-general = General
rwiz-filter = Какие сообщения? Нажмите кнопку или пришлите слова: <code>btc or eth</code>, <code>"to the moon" not scam</code>, <code>/^buy/i</code>. Все правила: docs/relays.md.
rwiz-action = Что с ними делать? Можно прислать шаблон для копии: <code>{ $example }</code>
rwiz-kind = Куда их доставлять?
rwiz-sender = Какой воркер доставляет?
rwiz-target = Куда писать воркеру { $sender }? Нажмите чат, где ему можно, или пришлите <code>@имя</code>, число или ссылку.
rwiz-target-bot = В какой чат? Нажмите кнопку или пришлите <code>@имя</code> или число чата, где есть бот. В канале он должен быть администратором.
rwiz-url = Пришлите адрес с https. Каждое сообщение приходит туда как JSON с подписью.
rwiz-now = Сейчас: <code>{ $value }</code>
rwiz-listing = ⏳ Спрашиваю список у воркера…
rwiz-no-list = Списка нет. «Обновить» спросит снова; присланное годится и без него.
rwiz-empty = Выбирать не из чего.
rwiz-me = Избранное
rwiz-s-from = { $reader } читает { $chats }
rwiz-s-topic = 🗂 тема { $topic }
rwiz-s-to = Доставка: { $target }
rwiz-bad-name = ❌ Имя: от 1 до 32 знаков a-z 0-9 _ - и первой буква.
rwiz-name-taken = ❌ Маршрут { $name } уже есть.
rwiz-unknown-chat = ⚠️ У { $worker } нет чата { $chats }. Пока его туда не добавят, оттуда ничего не придёт. Верно ли написано?
rwiz-bad-chat = ❌ { $chat } не чат: пришлите @имя, число вроде -1001234567890 или ссылку.
rwiz-invitation = ❌ Ссылка-приглашение не называет чат. Сначала вступите по ней этим аккаунтом, потом пришлите @имя или число, выберите его в списке или перешлите сообщение.
rwiz-many-chats = ❌ Маршрут читает не больше 50 чатов.
rwiz-no-chats = ❌ Выберите хотя бы один.
rwiz-tap = ❌ Здесь такого ответа я не знаю: нажмите одну из кнопок. Где нужен воркер, подойдёт и его имя.
rwiz-bad-topic = ❌ Пришлите номер темы или ссылку на сообщение в ней.
rwiz-long-filter = ❌ Фильтр не длиннее 500 знаков.
rwiz-long-template = ❌ Шаблон не длиннее 1000 знаков.
rwiz-bad-url = ❌ Это не адрес https без пароля в нём (http только на этой машине).
rwiz-bot-not-in = ❌ Бота нет в { $chat }. Добавьте его туда и пришлите ещё раз.
button-rwiz-take = 👍 { $name }
button-rwiz-next = ➡️ Дальше ({ $count })
button-rwiz-all = 🗂 Все темы
button-rwiz-keep = ➡️ Оставить
button-rwiz-f-all = ♾ Все
button-rwiz-f-seen = 🖼 Фото, видео
button-rwiz-f-files = 📎 Файлы
button-rwiz-f-said = 💬 Только текст
button-rwiz-copy = 📋 Копия
button-rwiz-forward = ↪️ Пересылка
button-rwiz-worker = 👷 В чат, воркером
button-rwiz-bot = 🤖 В чат, ботом
button-rwiz-webhook = 🌐 На вебхук
button-rwiz-me = ⭐ Избранное
button-rwiz-here = 📍 Этот чат
button-rwiz-save = 💾 Сохранить
button-rwiz-dry = 🔎 Проба на последних 20
button-rwiz-p-chats = 📡 Источники
button-rwiz-p-filter = 🔤 Фильтр
button-rwiz-p-action = 🎬 Действие
button-rwiz-p-target = 🎯 Цель

## Графики

button-chart = 📈 График
button-chart-24h = 24 ч
button-chart-7d = 7 д
button-chart-dark = 🌙 Тёмный
button-chart-light = ☀️ Светлый
button-chart-close = ✖️ Закрыть
toast-chart = 📈 Рисую…
chart-fleet = Весь парк
chart-span-24h = последние 24 часа
chart-span-7d = последние 7 дней
chart-unit-24h = сообщений за 10 мин
chart-unit-7d = сообщений за 1 ч
chart-received = получено { $count }
chart-relayed = переслано { $count }
chart-connection = на связи { $percent } %
chart-up = на связи
chart-wait = пауза
chart-down = нет связи
chart-off = остановлен
chart-unknown = неизвестно
chart-restarts = рестарты { $count }
chart-waits = паузы { $count }
chart-head-time = с
chart-head-received = получ
chart-head-relayed = пересл
chart-head-connected = св %
chart-head-restarts = рст
chart-head-waits = пауз
chart-head-sum = всего
chart-no-data = Чисел ещё нет: они собираются с этого момента.
chart-longest-wait = Самая длинная пауза (flood wait) { SPAN($ms) }
chart-no-picture = <i>Картинки нет: пакета @napi-rs/canvas нет на этой машине. В таблице те же числа.</i>
chart-failed = <i>Картинка не нарисована; причина в журнале бота. В таблице те же числа.</i>

## Другие устройства, выход, удаление сессии

button-devices = 📱 Другие устройства
button-logout = 🚪 Выйти
button-rmsession = 🧹 Убрать сессию
button-yes-logout = 🚪 Да, выйти
button-yes-login = 🔐 Да, войти
button-yes-rmsession = 🧹 Да, убрать
confirm-logout =
    🚪 <b>Завершить вход { $name } в Telegram?</b>
    Сначала делается проверенная копия, но ни одна копия этот вход не вернёт: Telegram забывает ключ. Потом воркеру нужен новый вход. Другие устройства аккаунта остаются; источники, маршруты и копии тоже.
confirm-login =
    🔐 <b>Войти в { $name } ещё раз?</b>
    Сейчас он подключён к Telegram. На время входа он отключится и ничего не читает и не пересылает, пока вы не закончите или не отмените. Его сессия остаётся прежней, пока не заработает новая.
confirm-rmsession =
    🧹 <b>Убрать сессию { $name }?</b>
    Воркер останавливается, а файл сессии после проверки уходит в копии, откуда его можно вернуть. Telegram об этом не узнаёт: устройство остаётся в его списке, пока вы не выйдете.
doing-logout = 🚪 Выхожу…
done-logout = ✅ Вышел из Telegram { AGO($at) }
doing-remove-session = 🧹 Убираю сессию…
logins-devices = { $count ->
    [0] других устройств нет
    [one] ещё { $count } устройство
    [few] ещё { $count } устройства
   *[other] ещё { $count } устройств
}
devices-title = 📱 <b>Устройства { $worker }</b>
devices-fetching = ⏳ Спрашиваю Telegram…
devices-unasked = <i>Нажмите «🔄 Обновить», чтобы спросить Telegram.</i>
devices-this = (этот воркер)
devices-active = активно { AGO($at) }
devices-help = <i>Запрошено { AGO($at) }. Незнакомое устройство? Завершите этот вход в Telegram → Настройки → Устройства.</i>

details-stale = 📵 <b>{ $host } последний раз был слышен { AGO($at) }.</b> Ниже то, что он сообщил тогда; как сейчас, неизвестно.
worker-stale = не слышно { FOR($at) } (было: { $state })
menu-stale = не слышно
host-silent = 📵 { $host } не слышно { FOR($at) } ({ $count ->
    [one] { $count } воркер
    [few] { $count } воркера
   *[other] { $count } воркеров
})
second-token = Telegram больше не знает токен этого бота (401). Бот спрашивает снова раз в минуту и до тех пор молчит; воркеры работают дальше. Если это не проходит, запустите его с действующим BOT_TOKEN.

## Ограничения и действия по тегу

button-limits = 🚦 Ограничения
button-tag-start = ▶️ Запустить #{ $tag }
button-tag-restart = 🔄 Рестарт #{ $tag }
button-tag-stop = ⏹ Остановить #{ $tag }
limits-title = 🚦 <b>Ограничения</b>
limits-sends = 📤 Каждый аккаунт отправляет не больше { $count } сообщений в минуту (<code>SENDS_PER_MINUTE</code>)
limits-chat = 💬 В один чат: одно сообщение за { SPAN($gap) }, не больше { $count } в минуту (неизменно; так идёт каждый маршрут)
limits-targets = 🎯 Воркер пересылает не больше чем в { $count } чатов (неизменно)
limits-waits = ⏳ Паузы Telegram выдерживаются целиком и ещё секунду; три за час вдвое снижают темп на сутки (неизменно)
limits-slower = 🐢 { $worker }: сейчас { $count } в минуту
limits-starts = 🚀 Между двумя запусками { SPAN($ms) } (<code>START_SPACING_S</code>)
limits-restarts = 🔁 Рестарт через { SPAN($delay) } (<code>RESTART_DELAY_S</code>); после { $count } за { SPAN($window) } сдаётся (<code>RESTART_LIMIT</code>, <code>RESTART_WINDOW_S</code>)
limits-memory = 🧠 Воркер перезапускается, если занял больше { $mb } МБ (<code>WORKER_MEMORY_MB</code>)
limits-alerts = 🚨 О тревоге сообщаем сразу; карточка одной причины растёт { SPAN($ms) } без второго звука (<code>ALERT_HOLD_S</code>); не больше 6 новых в минуту на чат (неизменно)
limits-where = <i>Имена в скобках – настройки в .env машины; они действуют с её следующего запуска. На других хостах могут быть другие.</i>

## Вход: другой аккаунт, чем раньше

button-lkeep = ✅ Продолжить
button-undo = ↩️ Вернуть
login-changed = ⚠️ <b>{ $worker } был { $before }, теперь { $now }.</b>
    Источники и правила остаются; непрочитанное у { $before } больше не загружается. «Вернуть» завершает здесь вход { $now } и оставляет всё как было.
login-keeping = ⏳ Сохраняю { $now }…

### Правила рестартов одного воркера

rules-title = ♻️ <b>Правила рестартов { $name }</b>
rules-delay = После падения: снова через { SPAN($ms) }
rules-limit = Не больше { $count } рестартов за { SPAN($window) }, затем остаётся остановленным и сообщает
rules-locked = Сессия занята: снова через { $delays }; не считается
rules-never = Потеря сети и паузы Telegram не считаются. Завершённая сессия, бан и ошибка настройки не перезапускаются никогда.
rules-own = Это собственные правила воркера.
rules-fleet = Это общие правила из настройки. Кнопка даст воркеру собственные.
rules-unknown = Хост воркера <b>{ $worker }</b> не сообщил свои правила. Он запущен?
rules-button-d = ⏱ { SPAN($ms) }
rules-button-l = { $count } ×
rules-button-w = за { SPAN($ms) }
rules-button-k = 💾 { SPAN($ms) }

## Что делать при тревоге каждого вида: docs/runbooks/alerts.md – то же и подробнее

runbook-crash =
    📖 <b>Воркер упал</b>
    <b>Значит:</b> Процесс воркера завершился сам или был убит. После паузы он запускается снова; пропущенное за это время загружается.
    <b>Что делать:</b> Ничего, если это случилось один раз. Если повторяется: в «📜 Журнал» видна первая ошибка; SIGKILL без ошибки значит, что процесс убила программа или ядро; OOM – что ему не хватает памяти (<code>WORKER_MEMORY_MB</code>).
    <b>Закончится, когда</b> воркер снова на связи.
runbook-gave-up =
    📖 <b>Воркер сдался</b>
    <b>Значит:</b> Он падал слишком часто или по причине, с которой перезапуск не поможет. Он стоит, пока администратор не вмешается.
    <b>Что делать:</b> Посмотрите первую ошибку в «📜 Журнал», устраните её и нажмите «🔄 Перезапустить»: счёт начнётся с 0.
    <b>Закончится, когда</b> воркер снова на связи.
runbook-broken =
    📖 <b>Файл сессии непригоден</b>
    <b>Значит:</b> Файл повреждён, пропал или лежит на полном диске либо на диске только для чтения. Воркер не работает; ничего не удаляется.
    <b>Что делать:</b> Диск или права: исправьте, воркер запустится сам. Файл повреждён или потерян: «🧯 Копии», верните копию.
    <b>Закончится, когда</b> воркер открыл свою сессию.
runbook-locked =
    📖 <b>Файл сессии занят</b>
    <b>Значит:</b> Файл сессии открыт другой программой, или эту сессию держит другой хост.
    <b>Что делать:</b> «👀 Кто её держит?» назовёт программу. Завершите её; файл и журнал не удаляйте. Если это другой хост, остановите воркера там.
    <b>Закончится, когда</b> воркер открыл свою сессию.
runbook-needs-login =
    📖 <b>Сессии нужен вход</b>
    <b>Значит:</b> Telegram завершил эту сессию: в Telegram → Настройки → Устройства или потому, что увидел её с двух адресов (AUTH_KEY_DUPLICATED).
    <b>Что делать:</b> Нажмите «🔐 Войти» (около 1 мин). «🔁 Спросить ещё раз» спросит Telegram снова. После AUTH_KEY_DUPLICATED сначала найдите второе место, где работает сессия.
    <b>Закончится, когда</b> аккаунт на связи.
runbook-banned =
    📖 <b>Аккаунт заморожен или заблокирован</b>
    <b>Значит:</b> Telegram отклоняет все вызовы этого аккаунта. Flotilla не может помочь и останавливает воркера.
    <b>Что делать:</b> Подайте апелляцию в приложении Telegram или напишите на recover@telegram.org. Когда Telegram снимет запрет, нажмите «🔁 Спросить ещё раз».
    <b>Закончится, когда</b> аккаунт на связи.
runbook-limited =
    📖 <b>Telegram ограничил аккаунт</b>
    <b>Значит:</b> На аккаунт жаловались как на спам, или он писал слишком многим незнакомым (PEER_FLOOD). Отправка остановлена, чтение продолжается.
    <b>Что делать:</b> Спросите у @SpamBot с этого аккаунта, когда кончится ограничение. Потом нажмите «▶️ Возобновить отправку»; раньше это только продлит его.
    <b>Закончится, когда</b> аккаунт на связи без ограничения.
runbook-offline =
    📖 <b>Воркер не на связи</b>
    <b>Значит:</b> Соединения с Telegram нет; попытки повторяются. Пропущенное загрузится потом.
    <b>Что делать:</b> Сначала ничего. Если другие воркеры хоста в порядке: его собственный прокси или «🩺 Проверить». Если не на связи все, проверьте сеть хоста.
    <b>Закончится, когда</b> воркер на связи.
runbook-flood =
    📖 <b>Telegram просит паузу</b>
    <b>Значит:</b> Слишком много вызовов одного вида. Воркер подчиняется; ожидающее хранится.
    <b>Что делать:</b> Подождите. Перезапуск не сократит паузу. Если это бывает часто, отправляйте меньше: «🚦 Ограничения» в «⚙️ Настройки».
    <b>Закончится, когда</b> пауза прошла.
runbook-gap =
    📖 <b>Сообщения потеряны</b>
    <b>Значит:</b> Telegram не отдал сообщения, пришедшие без воркера, или эта версия не может их прочесть.
    <b>Что делать:</b> Если они важны, посмотрите чат в Telegram: сами они не вернутся. Если их не читает версия, обновите Flotilla.
    <b>Закончится, когда</b> администратор нажал ✋.
runbook-quiet =
    📖 <b>Чат необычно молчит</b>
    <b>Значит:</b> Сообщений нет дольше обычного для этого чата. На карточке сказано, что показал сервер.
    <b>Что делать:</b> Посмотрите чат в Telegram. «🩺 Проверить» спросит Telegram, в порядке ли соединение. Чат затих надолго: «📡 Источники», уберите его из наблюдения.
    <b>Закончится, когда</b> из него пришло сообщение.
runbook-closed =
    📖 <b>Чат больше нельзя читать</b>
    <b>Значит:</b> Аккаунт удалён из чата, либо чат исчез или стал закрытым.
    <b>Что делать:</b> Верните аккаунт в чат или уберите чат из маршрута.
    <b>Закончится, когда</b> чат снова читается или его нет ни в одном маршруте.
runbook-unknown-chat =
    📖 <b>Маршрут называет неизвестный чат</b>
    <b>Значит:</b> Источник маршрута – не чат читающего аккаунта: неверный номер или имя, или аккаунта там нет.
    <b>Что делать:</b> Впишите в маршрут номер с карточки («🔀 Маршрут», «✏️ Изменить») или добавьте аккаунт в чат.
    <b>Закончится, когда</b> чат есть у аккаунта или его нет ни в одном включённом маршруте.
runbook-storage =
    📖 <b>Файл сессии работает медленно</b>
    <b>Значит:</b> Диск машины медленный или почти полон, или программа не даёт освободить журнал файла.
    <b>Что делать:</b> Проверьте диск: сколько места, какая нагрузка, не сетевой ли. «👀 Кто её держит?» назовёт программу, которая открыла файл.
    <b>Закончится, когда</b> пять минут прошли без долгих ожиданий.
runbook-poison =
    📖 <b>Сообщения маршрута отложены</b>
    <b>Значит:</b> Получатель отклоняет именно эти сообщения. Следующие за ними идут дальше.
    <b>Что делать:</b> Устраните то, что названо на карточке (права или ограничения получателя), потом «🔁 Повторить»; или «🧹 Выбросить», если они не важны.
    <b>Закончится, когда</b> у маршрута нет отложенных.
runbook-route-blocked =
    📖 <b>Маршрут застрял</b>
    <b>Значит:</b> Получатель не принимает ничего из этого маршрута. Сообщения ждут по порядку; ни одно не потеряно.
    <b>Что делать:</b> Сделайте то, что названо на карточке, например дайте права, потом «⏩ Сейчас». Или смените получателя в «🔀 Маршрут».
    <b>Закончится, когда</b> сообщение доставлено, либо маршрут выключен или удалён.
runbook-sender =
    📖 <b>Маршрут ждёт отправителя</b>
    <b>Значит:</b> Воркер, который отправляет для этого маршрута, не работает, не на связи или ждёт входа. Сообщения ждут.
    <b>Что делать:</b> Откройте «👷 Подробно» отправителя и сделайте, что сказано на его карточке.
    <b>Закончится, когда</b> отправитель на связи, либо маршрут выключен или удалён.
runbook-host-network =
    📖 <b>У хоста нет сети</b>
    <b>Значит:</b> Все воркеры хоста не на связи одновременно: дело в сети, а не в сессиях.
    <b>Что делать:</b> Проверьте сеть машины, её DNS и прокси (<code>TELEGRAM_PROXY</code>). «🩺 Осмотр» спросит Telegram с каждого хоста.
    <b>Закончится, когда</b> один из воркеров хоста на связи.
runbook-host-away =
    📖 <b>Хост не отвечает</b>
    <b>Значит:</b> Бот ничего не слышит от супервизора хоста. Машина выключена, супервизор завершился, или он не видит Redis.
    <b>Что делать:</b> Проверьте, работает ли машина, потом супервизор: <code>npm run flotilla -- status</code> на ней и <code>logs/supervisor.log</code> в папке данных.
    <b>Закончится, когда</b> хост снова сообщает о себе.
runbook-host-files =
    📖 <b>С хостом что-то не так</b>
    <b>Значит:</b> Его ключ, папка данных, база, диск, часы или супервизор: на карточке сказано, что именно и где.
    <b>Что делать:</b> Сделайте то, что сказано на карточке, и только потом перезапускайте. «🩺 Осмотр» осмотрит хост и ничего не изменит.
    <b>Закончится, когда</b> хост сообщил, что всё в порядке.
runbook-sessions-idle =
    📖 <b>Файлы сессий без воркера</b>
    <b>Значит:</b> В папке данных есть сессии, которых нет ни у одного воркера списка, например после потери <code>control.db</code>.
    <b>Что делать:</b> «➕ Добавить» с одним из имён запустит воркера с этой сессией. Ненужные файлы переместите из папки.
    <b>Закончится, когда</b> у каждой есть воркер или её больше нет.
runbook-redis-away =
    📖 <b>Redis недоступен</b>
    <b>Значит:</b> Через Redis бот и хосты обмениваются командами и состояниями. Без него кнопки не действуют, состояния устаревают.
    <b>Что делать:</b> Проверьте, работает ли Redis и что о нём сказано на карточке: память, диск, пароль. «💾 Здоровье» покажет, отвечает ли он.
    <b>Закончится, когда</b> Redis снова отвечает.
runbook-token-conflict =
    📖 <b>Токен бота использует другая программа</b>
    <b>Значит:</b> Telegram отдаёт каждое нажатие только одной программе. Воркеров это не касается.
    <b>Что делать:</b> Остановите другую программу: часто это вторая Flotilla, старый сервер или тест. Не нашли – новый токен у @BotFather, в <code>BOT_TOKEN</code>.
    <b>Закончится, когда</b> Telegram снова отдаёт нажатия этому боту.
runbook-two-hosts =
    📖 <b>Хосты не знают друг о друге</b>
    <b>Значит:</b> Два хоста используют один Redis, и хотя бы у одного HOSTS=one: один аккаунт мог бы запуститься на обоих.
    <b>Что делать:</b> Укажите <code>HOSTS=several</code> на каждом хосте и перезапустите их, или остановите лишний.
    <b>Закончится, когда</b> сообщает только один хост или у всех HOSTS=several.
runbook-backup =
    📖 <b>Копия требует внимания</b>
    <b>Значит:</b> Последняя попытка не удалась, архив просрочен, не унесён или в нём повреждён файл.
    <b>Что делать:</b> Причина – на карточке. Освободите диск или исправьте <code>BACKUP_COMMAND</code>, затем запустите на хосте <code>npm run flotilla -- backup</code>.
    <b>Закончится, когда</b> архив сделан и проверен.
runbook-backup-place =
    📖 <b>Копия на том же диске</b>
    <b>Значит:</b> Один сломанный диск заберёт и сессии, и их копию.
    <b>Что делать:</b> Укажите в <code>BACKUP_DIR</code> другой диск или в <code>BACKUP_COMMAND</code> команду, которая уносит каждый архив.
    <b>Закончится, когда</b> следующий архив лежит в другом месте или унесён.
runbook-schedule =
    📖 <b>Расписание или самопроверка</b>
    <b>Значит:</b> Самопроверка нашла на хосте неисправность, либо копии сессий или ночной перезапуск не удались у части воркеров.
    <b>Что делать:</b> На карточке каждая причина и что с ней делать. 🩺 Доктор посмотрит ещё раз; в 🗓 Расписаниях есть ▶️ Запустить сейчас.
    <b>Закончится, когда</b> следующий запуск ничего плохого не найдёт.
runbook-refused-job =
    📖 <b>Задания отклонены</b>
    <b>Значит:</b> Процесс нашёл в Redis задания, которым нельзя доверять, и не выполнил ни одного.
    <b>Что делать:</b> На карточке сказано, в чём дело: старая версия, другой FLEET_KEY, неверные часы или посторонний. Если посторонний: смените пароль Redis и проверьте, у кого есть к нему доступ.
    <b>Закончится, когда</b> полчаса прошли без новых.
runbook-test =
    📖 <b>Пробная тревога</b>
    <b>Значит:</b> Администратор нажал «🧪 Проверка тревоги»: видно, что тревоги до вас доходят.
    <b>Что делать:</b> Нажмите ✋, чтобы закончить.
    <b>Закончится, когда</b> администратор нажал ✋.
runbook-drill =
    📖 <b>Учение</b>
    <b>Значит:</b> Владелец проводит учение: тревога идёт путём настоящей, от первого администратора ко всем. Ничего не случилось.
    <b>Что делать:</b> Нажмите ✋, как при настоящей.
    <b>Закончится, когда</b> администратор нажал ✋.
runbook-notice =
    📖 <b>Уведомление</b>
    <b>Значит:</b> Сообщает о том, что уже прошло или не спешит: перерыв в работе Flotilla, посторонний написал боту, маршрут остановил себя, обслуживание закончилось.
    <b>Что делать:</b> Прочтите. Если назван маршрут, он есть в «🔀 Маршруты».
    <b>Закончится, когда</b> о нём сообщено.

schedules-title = 🗓 <b>Расписания</b>
schedule-title = 🗓 <b>{ $name }</b>
schedule-archive = 💾 Архивы
schedule-copies = 🧯 Копии сессий
schedule-check = 🩺 Самопроверка
schedule-restart = 🔄 Ночной перезапуск
schedule-archive-how = Каждый хост, а также бот с собственной папкой, складывает свою папку данных в один зашифрованный проверенный архив. Хост, которого никто не просит, делает его сам через 1,5 интервала.
schedule-copies-how = Каждая сессия, записанная после своей последней копии, получает проверенную копию. Хранятся последние 7 таких, помимо всех остальных.
schedule-check-how = Доктор каждого хоста ищет неисправности. Тревога сообщает о новом.
schedule-restart-how = Работающие воркеры перезапускаются по одному, на каждом хосте сначала проба: если первый не выйдет в сеть, остальные останутся как есть.
schedule-every = { $hours ->
    [1] Каждый час
   *[other] Каждые { $hours } ч
}
schedule-daily = Ежедневно в { $at } ({ $zone })
schedule-cron = По шаблону <code>{ $pattern }</code> ({ $zone })
schedule-no-time = Без времени: BACKUP_EVERY_H равно 0
schedule-next = ⏭ Следующий раз { IN($at) }
schedule-off = 💤 Выключено
schedule-never = Ещё не запускалось.
schedule-all = Для всех воркеров ({ $count })
schedule-tag = Для воркеров с #{ $tag } ({ $count })
schedule-everyone = Все
schedule-late = с опозданием
schedule-run-running = ⏳ { AGO($at) }: выполняется, { $done } из { $total }
schedule-run-done = ✅ { AGO($at) }: { $done } из { $total } за { SPAN($ms) }
schedule-run-failed = ❌ { AGO($at) }: { $done } из { $total } за { SPAN($ms) }
schedule-run-skipped = ⏭ { AGO($at) }: пропущено, прошлый запуск не был закончен

# A lost control.db: the one card of the bot until an owner has decided.
rescue-damaged = 🧯 <b>База этого бота повреждена</b> на { $host }
rescue-missing = 🧯 <b>Базы этого бота нет</b> на { $host }
rescue-what = <code>{ $path }</code> нельзя использовать ({ $code }). Последняя запись: { AGO($at) }.
rescue-where = <code>{ $path }</code> отсутствует, но есть её копии.
rescue-runs = В ней админы, маршруты, настройки, тревоги и журнал. Воркеры и пересылка работают по своим сессиям, их это не касается. Решите, с чем работать боту.
rescue-copy = 💾 <b>Последняя пригодная копия:</b> { AGO($at) }
rescue-copy-one = 💾 <b>Копия от</b> { AGO($at) }
rescue-copy-in = В ней: { $workers ->
        [one] { $workers } воркер
        [few] { $workers } воркера
       *[other] { $workers } воркеров
    }, { $routes ->
        [one] { $routes } маршрут
        [few] { $routes } маршрута
       *[other] { $routes } маршрутов
    }, { $admins ->
        [one] { $admins } админ
        [few] { $admins } админа
       *[other] { $admins } админов
    }, { $alerts ->
        [one] { $alerts } открытая тревога
        [few] { $alerts } открытые тревоги
       *[other] { $alerts } открытых тревог
    }.
rescue-lost = ⚠️ Потеряется то, что изменилось между { DATE($at) } и { DATE($until) } ({ SPAN($ms) }): админы, маршруты, настройки, журнал.
rescue-lost-since = ⚠️ Потеряется то, что изменилось с { DATE($at) }: админы, маршруты, настройки, журнал.
rescue-added = Воркеры, которых в ней нет: { $names }. Они сами вернутся в список, их маршруты — нет.
rescue-removed = Есть в ней, но сейчас о них ничего не слышно: { $names }.
rescue-unknown = Redis не отвечает, поэтому неизвестно, каких воркеров в ней нет.
rescue-no-copy = В <code>{ $folder }</code> нет пригодной копии этого хоста. Если копии хранятся в другом месте, положите одну туда и нажмите 🔄.
rescue-useless = Копия от { DATE($at) } не подходит: { $why }.
rescue-why-wrong-fleet-key = она запечатана другим FLEET_KEY; верните его и перезапустите бота
rescue-why-archive-damaged = она повреждена, или в ней нет целой control.db
rescue-why-archive-foreign = это не архив Flotilla
rescue-why-archive-newer = её сделала более новая версия Flotilla; установите её
rescue-why-other = { $code }
rescue-older = 🗂 <b>Копии этого хоста</b>
rescue-older-how = Нажмите на копию, чтобы увидеть, что в ней. Это ничего не меняет.
rescue-ask-put = ♻️ <b>Вернуть базу от { DATE($at) }?</b>
rescue-ask-empty = 🆕 <b>Начать с пустой базы?</b>
rescue-empty-how = Владельцы — люди из ADMIN_IDS. Других админов, все маршруты, настройки, тревоги и журнал придётся создать снова.
rescue-empty-instead = Есть пригодная копия от { DATE($at) }.
rescue-empty-workers = Эти воркеры сами вернутся в список: { $names }.
rescue-kept = То, что есть сейчас, останется рядом как <code>control.db.replaced-…</code>. Воркеры не перезапускаются.
rescue-doing-put = ⏳ Возвращаю базу от { DATE($at) }…
rescue-doing-empty = ⏳ Начинаю с пустой базы…
rescue-failed = 🧯 <b>Не получилось.</b> { $why }
rescue-failed-do = Ничего не изменено. Исправьте это и нажмите 🔄.
rescue-done-put = ✅ <b>Бот снова работает</b> с базой от { DATE($at) } ({ $by }). То, что было на её месте, осталось рядом.
rescue-done-empty = ✅ <b>Бот снова работает</b> с пустой базой ({ $by }). То, что было на её месте, осталось рядом.
rescue-over = ✅ <b>Бот снова работает.</b> Его базу вернули вручную.
button-rescue-put = ♻️ Вернуть { DATE($at) }
button-rescue-put-yes = ♻️ Да, вернуть
button-rescue-older = 🗂 Старые копии ({ $count })
button-rescue-copy = 💾 { DATE($at) }
button-rescue-empty = 🆕 Начать с пустой, файл сохранить
button-rescue-empty-yes = 🆕 Да, начать с пустой
toast-rescue = База этого бота потеряна: смотрите карточку ниже.
audit-rescue-put = вернул(а) control.db от { DATE($at) }
audit-rescue-empty = начал(а) с пустой control.db
audit-rescue-over = control.db вернули вручную

## Хосты

button-hosts = 🖥 Хосты
button-host = 🖥 Хост
button-addat = 🖥 Сюда
button-addwhere = ➕ Добавить
button-hforget = 🗑 Забыть хост
button-hforgetyes = 🗑 Забыть и удалить его воркеров
button-hforgetempty = 🗑 Забыть
button-hforgetkeep = 📦 Забыть, воркеров оставить в списке
hosts-title = 🖥 <b>Хосты</b>
hosts-none = Пока нет вестей ни от одного хоста. Запустите супервизор: <code>docs/deploy</code>
hosts-without = 📦 Без хоста ({ $count }):
host-workers = { $count ->
    [0] воркеров нет
    [one] работает { $running } из { $count } воркера
   *[other] работает { $running } из { $count } воркеров
}
host-load = нагрузка { $load } %
host-room = поместится ещё { $room }
host-version = версия { $version }
host-memory = свободно { $free } из { $total } ГБ памяти, { $cores ->
    [one] { $cores } ядро
    [few] { $cores } ядра
   *[many] { $cores } ядер
}
host-heard = на связи { AGO($at) }
host-last = нет связи { FOR($at) }
host-never = после запуска бота вестей не было
host-more = … и ещё { $count }
host-unknown = Хоста <b>{ $host }</b> во флоте нет.
host-silent-how = Если он потерял только Redis: при HOSTS=one его воркеры могут оставаться в Telegram, при HOSTS=several они отключаются в течение 10 секунд. Хост, который не вернётся, можно забыть здесь после минуты молчания.
hforget-ask = 🗑 <b>Забыть хост { $host }?</b> Только если он больше не вернётся.
hforget-workers = { $count ->
    [one] На нём { $count } воркер, и до файлов сессий бот не достанет:
    [few] На нём { $count } воркера, и до файлов сессий бот не достанет:
   *[many] На нём { $count } воркеров, и до файлов сессий бот не достанет:
}
hforget-how = Оповещение о нём закончится. Если хост всё же запустится, его воркеры вернутся в список.
add-where = На каком хосте? Первый свободнее всех.
add-nowhere = Сейчас новому воркеру негде работать: хосты не отвечают или освобождены.
add-on = Он будет работать на <b>{ $host }</b>.
worker-host-gone = без хоста
details-host-gone = Без хоста: <b>{ $host }</b>, где лежит его сессия, забыт. Если этот хост запустится, воркер вернётся. Иначе удалите его в ⋯ Ещё.
problem-host-gone = ❌ Его хост { $host } забыт, и сделать это некому.
toast-host-unknown = Хоста { $host } во флоте нет.
toast-host-lives = { $host } был на связи меньше минуты назад, или Redis недоступен. Ничего не сделано.
toast-host-forgotten = 🗑 { $host } забыт
toast-host-not-open = Этот хост сейчас не берёт воркеров. Выберите другой.
solved-host-forgotten = хост забыл { $name }
audit-host-forgotten = хост { $host } забыт ({ $count } воркеров)

## Переезд

button-move = 🚚 Перенести
button-moveto = 🚚 Сюда
button-movestop = ✖️ Отменить переезд
move-title = 🚚 <b>Перенести { $worker } на другой хост</b>
move-ask = Сессия, копии и статистика едут с ним, зашифрованные. Несколько секунд воркера не будет в Telegram; маршруты продолжат с того же места. Если шаг не удастся, он сам вернётся сюда.
move-nowhere = Сейчас нет другого хоста, который его примет.
move-not-silent = нет вестей от него или от нынешнего хоста
move-not-drained = он освобождён и не берёт воркеров
move-not-one = у одного из двух HOSTS=one; задайте HOSTS=several на всех хостах
move-not-older = один из двух старой версии
move-not-version = версии слишком далеки; сначала обновите
move-not-full = нет памяти ещё для одного воркера
move-step-pack = Остановить на { $from }, скопировать и зашифровать
move-step-unpack = Открыть и проверить на { $to }
move-step-start = Запустить на { $to }
move-step-clear = Убрать старый файл на { $from } в хранилище
move-step-drop = Вывести из работы на { $to }
move-step-restart = Снова запустить на { $from }
move-has = Он на <b>{ $host }</b>.
move-has-now = Сейчас он на <b>{ $host }</b>.
move-why = ❌ Возвращается: { $why }
move-cancelling = ✖️ Вернётся после этого шага.
move-end-moved = ✅ Переехал. Заняло { SPAN($ms) }.
move-end-back = ↩️ Он снова там, где был. Заняло { SPAN($ms) }.
move-none = <b>{ $worker }</b> не переезжает.
toast-moving = { $worker } уже переезжает
toast-move-login = Идёт вход. Сначала закончите или отмените его.
toast-move-cancel = ✖️ Вернётся после этого шага
toast-move-late = Поздно: он уже запущен на новом хосте.
problem-moving = { $worker } переезжает на другой хост. Дождитесь конца; 🚚 Перенести покажет, как далеко он.
problem-host-silent = Новый хост не ответил.
problem-move-parcel-gone = Упакованное пропало из Redis по сроку.
problem-move-session-there = На том хосте уже есть другая сессия с этим именем. Сначала уберите её там.
problem-not-running = Там он не вышел в Telegram.
audit-move = перенос на { $host }

## Освобождение хоста

button-drain = ⏏️ Освободить
button-drainmove = 🚚 Перенести воркеров
button-drainstop = ⏹ Остановить воркеров
button-draincancel = ✖️ Прервать
button-drainend = ▶️ Снова брать воркеров
host-draining = ⏏️ освобождается, воркеров не берёт
host-drained = ⏏️ освобождён, воркеров не берёт
drain-ask = ⏏️ <b>Освободить { $host }?</b> На нём { $count ->
    [one] { $count } воркер
    [few] { $count } воркера
   *[many] { $count } воркеров
}.
drain-ask-move = 🚚 Перенести: по одному туда, где свободнее всего. Каждого не будет в Telegram несколько секунд.
drain-ask-nowhere = Сейчас ни один другой хост не примет воркера, переносить некуда.
drain-ask-stop = ⏹ Остановить: они останутся на этом хосте, и в Telegram их не будет, пока вы не нажмёте ▶️ Снова брать воркеров.
drain-ask-closed = До этого хост не берёт воркеров: ни через ➕ Добавить, ни через 🚚 Перенести, ни по 🛟 Подстраховке.
drain-title-move = ⏏️ <b>Освобождение { $host }</b>: готово { $done } из { $count }, на другие хосты
drain-title-stop = ⏏️ <b>Освобождение { $host }</b>: готово { $done } из { $count }, остановка на месте
drain-done-many = ✅ { $count ->
    [one] { $count } воркер
    [few] { $count } воркера
   *[many] { $count } воркеров
}
drain-running = Идёт. Этот экран можно закрыть.
drain-cancelling = ✖️ Закончится после текущего воркера. Остальные останутся.
drain-silent = 📵 От { $host } нет вестей: освобождение ждёт его. Если он не вернётся, нажмите 🗑 Забыть хост.
drain-over = { $count ->
    [0] ✅ Освобождён за { SPAN($ms) }: готовы все воркеры.
    [one] ⚠️ Закончено за { SPAN($ms) }: { $count } воркер остался как был.
    [few] ⚠️ Закончено за { SPAN($ms) }: { $count } воркера остались как были.
   *[many] ⚠️ Закончено за { SPAN($ms) }: { $count } воркеров остались как были.
}
drain-closed = Хост не берёт воркеров, пока вы не нажмёте ▶️.
drain-end-taking = ▶️ { $host } снова берёт воркеров с { TIME($at) }.
drain-end-forgotten = 🗑 { $host } забыт в { TIME($at) }.
drain-none = <b>{ $host }</b> не освобождается.
problem-drain-nowhere = ни один другой хост не смог его принять
problem-drain-login = идёт вход; закончите его и перенесите воркера вручную
problem-drain-unknown = его хост о нём не сообщает
problem-drain-cancelled = прервано
problem-drain-gone = его уже нет на этом хосте
toast-drain-not = От { $host } нет вестей, или на нём нет воркеров. Ничего не сделано.
toast-drain-nowhere = Сейчас ни один другой хост не примет воркера.
toast-drain-cancel = ✖️ Закончится после текущего воркера
toast-drain-end = ▶️ { $host } снова берёт воркеров
audit-drain-move = освобождение хоста { $host }: перенос, воркеров: { $count }
audit-drain-stop = освобождение хоста { $host }: остановка, воркеров: { $count }
audit-drain-cancel = освобождение { $host } прервано
audit-drain-end = { $host } снова берёт воркеров

## Подстраховка

button-floating = 🛟 Подстраховка
button-floaton = 🛟 Включить
button-floatoff = ⚪️ Выключить
floating-title = 🛟 <b>Подстраховка: { $worker }</b>
floating-on = 🟢 Включена. Если <b>{ $host }</b> молчит 30 секунд, воркера берёт другой хост.
floating-off = ⚪️ Выключена. Если его хост потерян, воркер ждёт его.
floating-record = Последняя запись: { AGO($at) }
floating-how = Пока она включена, воркер хранит в Redis запечатанную запись: ключ, позиции и ждущие сообщения. Другой хост начинает с неё и запрашивает то, что пришло потом. Хост, который вы остановили сами, своих воркеров не отдаёт.
floating-twice = Уже отправленное Telegram второй раз не примет. Если цель — бот или вебхук, сообщения последних секунд могут прийти дважды.
notice-taken-over = 🛟 <b>{ $from }</b> потерян: { $count ->
    [one] { $count } воркер с подстраховкой работает
    [few] { $count } воркера с подстраховкой работают
   *[other] { $count } воркеров с подстраховкой работают
} теперь на <b>{ $to }</b>.
notice-taken-over-names = { $names }
audit-taken-over = { $to } взял у { $from }
problem-hosts-one = На его хосте HOSTS=one. Задайте HOSTS=several на всех хостах.
