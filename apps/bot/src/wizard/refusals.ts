/** Words for what Telegram refused, by reason. `until` is a clock time. */
export function refusalText(reason: string, until: string | null, detail: string | null): string {
  switch (reason) {
    case "phone-invalid":
      return "That is not a full number. Use the country code: +49…";
    case "phone-banned":
      return "Telegram has banned this number. This tool cannot help; write to recover@telegram.org.";
    case "no-account":
      return "No account for this number. This tool does not create accounts.";
    case "phone-flood":
      return "Too many codes asked. Telegram wants a pause; try tomorrow.";
    case "password-flood":
      return "Too many tries. Stop for a day, or reset the password in Telegram.";
    case "too-many-codes":
      return "Too many wrong codes. Start again later, so that Telegram does not block the number.";
    case "too-many-passwords":
      return "Too many wrong passwords. Start again later, so that Telegram does not block the account.";
    case "flood-wait":
      return `Telegram asks to wait until ${until ?? "later"}.`;
    case "send-code-unavailable":
      return "No other way to send the code right now.";
    case "api-id":
      return "The API id is not valid for logins; create your own at my.telegram.org.";
    case "update-app":
      return "This library version is too old for Telegram.";
    case "network":
      return "Connection lost, your place is kept. Try again.";
    case "email-setup-needed":
      return "Telegram wants a login e-mail for this account first. Set it up in an official app.";
    case "already-used":
      return "This account is already used by another worker. One session has one owner.";
    case "server":
      return "Telegram has a problem of its own right now. Try again in a moment.";
    case "wrong-step":
      return "That does not fit the step that the login is at.";
    case "timeout":
      return "The login took longer than 10 minutes and was cancelled. The old session is untouched.";
    case "no-login":
      return "This login is no longer under way. Press 🔐 Authenticate to start again.";
    default:
      return `Telegram refused: ${detail ?? reason}.`;
  }
}
