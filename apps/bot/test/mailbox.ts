import { type AddressInfo, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** A mail server on loopback, as small as RFC 5321 lets it be: what arrives is kept. */
export async function startMailbox(): Promise<{ readonly url: string; readonly mails: string[] }> {
  const mails: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    serve(socket, mails);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`, mails };
}

function serve(socket: Socket, mails: string[]): void {
  let text = "";
  let inMail = false;
  const answer = (line: string): unknown => socket.write(`${line}\r\n`);
  const take = (line: string): void => {
    if (/^DATA/i.test(line)) {
      inMail = true;
      answer("354 go on");
    } else if (/^QUIT/i.test(line)) {
      answer("221 bye");
      socket.end();
    } else answer("250 ok");
  };
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    for (;;) {
      const end = inMail ? "\r\n.\r\n" : "\r\n";
      const at = text.indexOf(end);
      if (at < 0) return;
      const part = text.slice(0, at);
      text = text.slice(at + end.length);
      if (!inMail) take(part);
      else {
        inMail = false;
        mails.push(part);
        answer("250 kept");
      }
    }
  });
  answer("220 mailbox");
}
