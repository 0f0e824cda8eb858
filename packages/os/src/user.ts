import { homedir, userInfo } from "node:os";

/**
 * Who this process runs as. `home`: by the system's list of users, so that two shells of one user
 * agree.
 */
export interface SystemUser {
  readonly name: string;
  readonly home: string | null;
}

/**
 * A user that the system does not list, such as the number that a container is started with, has
 * the folder of HOME alone.
 */
export function systemUser(): SystemUser {
  try {
    const { username, homedir: home } = userInfo();
    return { name: username, home };
  } catch {
    return { name: `uid ${process.getuid?.() ?? "?"}`, home: homeByEnvironment() };
  }
}

function homeByEnvironment(): string | null {
  try {
    return homedir();
  } catch {
    return null;
  }
}
