import { AppError } from "@flotilla/kernel";

const PREFIX: Record<number, string> = {
  400: "Bad Request: ",
  401: "Unauthorized: ",
  403: "Forbidden: ",
  404: "Not Found: ",
  409: "Conflict: ",
  413: "Request Entity Too Large",
  429: "Too Many Requests: ",
  500: "Internal Server Error",
};

/**
 * A refusal in Telegram's words. `message` is the whole description, `details.errorCode` the HTTP
 * status.
 */
export type Refusal = AppError<"bot-api">;

/** Builds a {@link Refusal}: `refusal(400, "chat not found")`. Prefixes as Telegram does. */
export function refusal(errorCode: number, text = ""): Refusal {
  return new AppError("bot-api", `${PREFIX[errorCode] ?? ""}${text}`, { details: { errorCode } });
}

/** Tells a refusal from a bug. */
export function isRefusal(error: unknown): error is Refusal {
  return error instanceof AppError && error.code === "bot-api";
}
