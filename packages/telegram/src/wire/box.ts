/**
 * The account's own box: private chats and basic groups. Every channel is a box of its own, named
 * by its bare id.
 */
export const ACCOUNT = "account";
