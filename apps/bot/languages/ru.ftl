# Тексты чата на языке Fluent (https://projectfluent.org). Как добавить или изменить текст: CONTRIBUTING.md.
# TIME($at) – время, DATE($at) – дата и время, SPAN($ms) – промежуток, например «3 мин».
# Теги вроде <b> – это HTML Telegram; на кнопках их нет.

## Единицы

unit-s = с
unit-min = мин
unit-h = ч
unit-d = дн

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
button-log = 📜 Журнал
button-who = 👀 Кто её держит?
button-use-phone = Взять { $phone }
button-new-code = 🔁 Новый код
button-new-code-from = 🔁 Новый код (с { TIME($at) })

## Ответы на нажатия

toast-queued = ⏳ В очереди
toast-already = Уже запросил(а) { $by }
toast-stale = Этот экран устарел
toast-gone = Такого воркера больше нет.
toast-login-over = Этот вход завершён. Нажмите 🔐 Войти, чтобы начать заново.
toast-login-cancelled = Вход отменён
toast-whole-code = Сначала введите код целиком.
toast-no-code = Код сейчас не нужен.

## Почему ничего не сделано

problem-redis-away = ❌ Redis недоступен, поэтому ничего не сделано. Повторите чуть позже.
problem-not-sent = ❌ Команду не удалось отправить.
problem-no-worker = Такого воркера больше нет.

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

    /menu /workers /cancel

## На каждом экране

updated = <i>обновлено { TIME($at) }</i>
redis-away = 🔌 Redis недоступен: это последнее известное состояние.

## Главное меню

menu-title = 🛰 <b>Парк</b> · { $count ->
    [one] { $count } воркер
    [few] { $count } воркера
   *[many] { $count } воркеров
}
menu-empty = Воркеров пока нет. Нажмите ➕ Добавить, чтобы создать первого.
menu-last = Последнее сообщение { TIME($at) } · открытых тревог { $alerts }
menu-last-none = Сообщений ещё не было · открытых тревог { $alerts }
menu-not-reported = нет сведений

## Воркеры

workers-title = 👷 <b>Воркеры</b> { $from }–{ $to } из { $count }
workers-none = 👷 <b>Воркеры</b> пока нет
worker-not-reported = нет сведений от { $host }
worker-next = далее { TIME($at) }

## Новый воркер

add-title = ➕ <b>Новый воркер</b>
add-ask = Пришлите имя, например news_1.
add-rule = <i>От 1 до 32 знаков: a-z, 0-9, _ и -, первой идёт буква.</i>
add-bad-name = В имени от 1 до 32 знаков: a-z, 0-9, _ и -, первой идёт буква.
add-taken = Воркер { $worker } уже есть.

## Карточка воркера

details-gone = Воркера <b>{ $worker }</b> больше нет.
details-silent = Хост { $host } ничего о нём не сообщил. Работает ли там супервизор?
details-account = Аккаунт: { $name } · id …{ $id }
details-no-account = Аккаунт: вход не выполнен
details-process = pid { $pid } · работает с { DATE($at) }
details-no-process = процесса нет
details-status = <b>Состояние:</b> { $state } · с { TIME($since) }
details-status-next = <b>Состояние:</b> { $state } · с { TIME($since) } · следующая попытка { TIME($at) }
details-failures = <b>Сбоев:</b> { $failures }   <b>Переподключений:</b> { $reconnects }
details-last-success = <b>Последний успех:</b> { DATE($at) }
details-last-success-never = <b>Последний успех:</b> не было
details-counts = Сообщений { $messages } · Перезапусков { $crashes }/{ $limit }
details-not-logged-in = 🔑 Вход ещё не выполнен. Нажмите 🔐 Войти (около минуты).
details-fault = ⚠️ { $text } <i>({ $class }, { $code })</i>

## Команда в пути, на карточках

asked-by = запросил(а) { $by } { TIME($at) }
doing-start = ▶️ Запускается…
doing-stop = ⏹ Останавливается…
doing-restart = 🔄 Перезапускается…
doing-check = 🩺 Проверяется…
doing-who = 👀 Ищем…
doing-other = ⏳ Выполняется…
doing-slow = Ещё работает ({ SPAN($ms) }).
done-start = ✅ Запущен { TIME($at) }
done-stop = ✅ Остановлен { TIME($at) }
done-restart = ✅ Перезапущен { TIME($at) }
done-check = ✅ Проверено, Telegram отвечает { TIME($at) }
done-other = ✅ Готово { TIME($at) }
not-done = ❌ Не сделано: { $why }
no-answer = ❌ Нет ответа от менеджера, ничего не сделано. Работает ли супервизор?
why-unknown = причина неизвестна

## Журнал

log-title = 📜 <b>Журнал { $worker }</b>
log-fetching = ⏳ Загружается…
log-failed = ❌ Журнал не удалось получить.
log-again = <i>Нажмите 🔄 Обновить, чтобы получить строки снова.</i>
log-no-answer = ❌ Нет ответа от менеджера. Работает ли супервизор?
log-empty = <i>Записей пока нет.</i>

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
    [call] Код продиктуют по телефону.
    [email] Код отправлен по почте.
    [fragment] Код отправлен на страницу Fragment этого аккаунта.
   *[other] Код отправлен: { $via }.
}
login-code = Код: <code>{ $dots }</code>   действует до { TIME($at) }
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
login-wrong-code = ❌ Неверный код. Осталось попыток: { $tries }.
login-code-expired = ❌ Этот код больше не действует (слишком старый или был отправлен в чат).
login-wrong-password = ❌ Неверно. Попыток до паузы: { $tries }.
login-failed = ❌ { $why }
login-expired = ❌ Воркер не ответил вовремя, ничего не сделано. Попробуйте ещё раз.

refusal-phone-invalid = ❌ Это не полный номер. Нужен код страны: +49…
refusal-phone-banned = ❌ Telegram заблокировал этот номер. Здесь программа не поможет; пишите на recover@telegram.org.
refusal-no-account = ❌ С этим номером нет аккаунта. Эта программа аккаунтов не создаёт.
refusal-phone-flood = ❌ Слишком много запросов кода. Telegram требует паузы, попробуйте завтра.
refusal-password-flood = ❌ Слишком много попыток. Подождите день или сбросьте пароль в Telegram.
refusal-too-many-codes = ❌ Слишком много неверных кодов. Начните позже, чтобы Telegram не заблокировал номер.
refusal-too-many-passwords = ❌ Слишком много неверных паролей. Начните позже, чтобы Telegram не заблокировал аккаунт.
refusal-flood-wait = ❌ Telegram просит подождать до { TIME($until) }.
refusal-flood-later = ❌ Telegram просит подождать. Попробуйте позже.
refusal-send-code-unavailable = ❌ Другого способа получить код сейчас нет.
refusal-api-id = ❌ Этот API id не годится для входа; создайте свой на my.telegram.org.
refusal-update-app = ❌ Версия библиотеки слишком стара для Telegram.
refusal-network = ❌ Связь прервалась, шаг сохранён. Попробуйте ещё раз.
refusal-email-setup-needed = ❌ Telegram сначала требует почту для входа в этот аккаунт. Укажите её в официальном приложении.
refusal-already-used = ❌ Этот аккаунт уже у другого воркера. У одной сессии один хозяин.
refusal-server = ❌ У Telegram сейчас свои неполадки. Попробуйте через минуту.
refusal-wrong-step = ❌ Это не подходит к текущему шагу входа.
refusal-timeout = ❌ Вход длился дольше 10 минут и был отменён. Старая сессия не тронута.
refusal-no-login = ❌ Этот вход уже не идёт. Нажмите 🔐 Войти, чтобы начать заново.
refusal-qr-expired = ❌ Код никто не отсканировал вовремя. Начните снова, когда второе устройство будет под рукой.
refusal-cancelled = ❌ Вход отменён. Старая сессия не тронута.
refusal-other = ❌ Telegram отказал: { $detail }.

## Тревоги

alert-since = С { TIME($at) } · { $host } · #A-{ $n }
alert-crash = 🟠 ❌ <b>{ $worker }</b> упал ({ $how }, через { SPAN($uptime) }{ $times ->
    [one] )
   *[other] { " " }· { $times } раз)
}
alert-gave-up = 🔴 ❌ <b>{ $worker }</b> сдался ({ $how }, через { SPAN($uptime) }{ $times ->
    [one] )
   *[other] { " " }· { $times } раз)
}
alert-locked = 🟠 💾 <b>{ $worker }</b>: файл сессии занят{ $times ->
    [one] { "" }
   *[other] { " " }· { $times } раз
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
alert-next-restore = Перезапуск не поможет. Восстановите на его машине: npm run flotilla -- restore { $worker } --list, затем нажмите «Перезапустить».
alert-next-parked = Перезапуск не поможет. Воркер стоит, пока вы не вмешаетесь.
alert-next-login = Перезапускать не будем: поможет только вход.
alert-action = 🔄 Перезапускается… запросил(а) { $by } { TIME($at) }
alert-solved = ✅ <b>{ $worker }</b> #A-{ $n } решено за { SPAN($ms) } ({ $how })
solved-itself = само
solved-command = { $verb ->
    [start] запуск
    [stop] остановка
    [restart] перезапуск
   *[other] { $verb }
}, { $by }

## Сбои: по коду, если для него есть слова, иначе по виду

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
