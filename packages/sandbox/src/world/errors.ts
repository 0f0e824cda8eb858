/**
 * What a client gets as rpc_error (https://core.telegram.org/api/errors). `text` is Telegram's own
 * constant.
 */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly code: number;
  readonly text: string;

  constructor(code: number, text: string) {
    super(`${code} ${text}`);
    this.code = code;
    this.text = text;
  }
}
