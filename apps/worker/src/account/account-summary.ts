import type { AccountSummary } from "@flotilla/contracts";
import type { SelfUser } from "@flotilla/session-store";

/** The account as admins may see it: the phone number is masked. */
export function summary(self: SelfUser): AccountSummary {
  return {
    userId: self.id as AccountSummary["userId"],
    name: self.name,
    username: self.username,
    phoneMasked: self.phone && maskPhone(self.phone),
  };
}

/** `+49 … 17`: the country and the last two digits. */
export function maskPhone(phone: string): string {
  const digits = phone.replace(/\D/g, "");
  if (digits.length < 6) return "…";
  return `+${digits.slice(0, 2)} … ${digits.slice(-2)}`;
}
