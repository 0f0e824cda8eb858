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
button-log = 📜 Журнал
button-retry = 🔁 Повторить
button-backups = 🧯 Копии
button-bnow = 💾 Сделать копию
button-restore-copy = 🧯 Вернуть { DATE($at) }
button-restore-yes = 🧯 Вернуть { $worker }
button-hstop = ⏹ Остановить процесс
button-hstop-yes = ⏹ Остановить процесс { $pid }
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
details-storage = 💾 ожиданий блокировки { $waits } · дольше всего держали { $hold } мс · журнал { $kb } КБ
details-checkpoint = освобождён { TIME($at) }
details-not-logged-in = 🔑 Вход ещё не выполнен. Нажмите 🔐 Войти (около минуты).
details-fault = ⚠️ { $text } <i>({ $class }, { $code })</i>

## Команда в пути, на карточках

asked-by = запросил(а) { $by } { TIME($at) }
doing-start = ▶️ Запускается…
doing-stop = ⏹ Останавливается…
doing-restart = 🔄 Перезапускается…
doing-check = 🩺 Проверяется…
doing-backup = 💾 Делаю копию…
doing-restore = 🧯 Возвращаю копию…
doing-stop-holder = ⏹ Останавливаю процесс…
doing-retry = 🔁 Пробую…
doing-who = 👀 Ищем…
doing-other = ⏳ Выполняется…
doing-slow = Ещё работает ({ SPAN($ms) }).
done-start = ✅ Запущен { TIME($at) }
done-stop = ✅ Остановлен { TIME($at) }
done-restart = ✅ Перезапущен { TIME($at) }
done-retry = ✅ Получилось: работает { TIME($at) }
done-check = ✅ Проверено, Telegram отвечает { TIME($at) }
done-other = ✅ Готово { TIME($at) }
not-done = ❌ Не сделано: { $why }
no-answer = ❌ Нет ответа от менеджера, ничего не сделано. Работает ли супервизор?
why-unknown = причина неизвестна

## Кто держит файл сессии

holder-ours = 👀 Мешает: pid { $pid } <code>{ $command }</code> (пользователь { $user }, { $state }, с { DATE($since) }), запущен Flotilla.
holder-not-ours = 👀 Мешает: pid { $pid } <code>{ $command }</code> (пользователь { $user }, { $state }, с { DATE($since) }). Чужие программы я не останавливаю.
holder-hidden = (команда не видна)
holder-ask = ⏹ <b>Остановить процесс, который держит сессию { $worker }?</b>
    pid { $pid } <code>{ $command }</code> (пользователь { $user }, { $state }, с { DATE($since) })
holder-effect = Его запустила Flotilla. В момент сигнала он проверяется ещё раз: если это уже другая программа или файл отпущен, ничего не останавливается. Кнопка действует 30 с.
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
backups-line = • { DATE($at) } · { $why } · { $size } КБ · { $state }
backups-no-help = Вход этими копиями не вернуть: ключ в них тот же, что в сессии, или они не открываются. Если вход потерян, поможет только «🔐 Войти».
backups-stop-first = Чтобы вернуть копию, сначала остановите воркера.
backups-choose = Нажмите на копию, чтобы вернуть её. Будет ещё один вопрос.
copy-verified = ✓ проверена
copy-damaged = ✗ повреждена
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
    { DATE($at) } · { $why }
restore-effect = Нынешняя сессия уходит в корзину, её можно вернуть так же. Если воркер должен работать, он запустится. Кнопка действует 30 с.
restore-gone = Этой копии больше нет в списке. Ничего не изменено.

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
alert-locked-next = Попытки идут несколько раз в минуту, без конца. Ничего не удаляется, сбоем это не считается.
alert-broken = 🔴 🧯 <b>{ $worker }</b>: файл сессии непригоден
alert-broken-next = Файл проверяется каждые 30 с; воркер запустится сам, когда причина исчезнет. До этого перезапусков не будет.
alert-storage = 🟠 💾 <b>{ $worker }</b>: файл сессии работает медленно{ $times ->
    [1] { "" }
   *[other] { " " }· раз: { $times }
}
alert-storage-wait = «{ $operation }» ждала файл { SPAN($ms) }.
alert-storage-waits = Каждая двадцатая запись за последние 5 мин ждала дольше { $ms } мс.
alert-storage-wal = Его журнал занимает { $mb } МБ и не освобождается.
alert-storage-wal-held = Его журнал занимает { $mb } МБ и не освобождается; мешает: <code>{ $holder }</code>
alert-storage-checkpoint = Журнал не освобождается: { $why }
alert-storage-do = Посмотрите на диск машины: сколько занято, насколько загружен.
alert-next-parked = Перезапуск не поможет. Воркер стоит, пока вы не вмешаетесь.
alert-next-login = Перезапускать не будем: поможет только вход.
alert-action = 🔄 Перезапускается… запросил(а) { $by } { TIME($at) }
alert-retried = 🔁 Пробую… просит { $by } { TIME($at) }
alert-solved = ✅ <b>{ $worker }</b> #A-{ $n } решено за { SPAN($ms) } ({ $how })
solved-itself = само
solved-command = { $verb ->
    [start] запуск
    [stop] остановка
    [restart] перезапуск
   *[other] { $verb }
}, { $by }

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
