import type { Call, Method } from "./call.ts";

const HOUR_S = 3600;

function config({ clock, dcs, dc }: Call): ReturnType<Method> {
  const date = Math.floor(clock.now() / 1000);
  return {
    _: "config",
    date,
    expires: date + HOUR_S,
    test_mode: false,
    this_dc: dc,
    dc_options: dcs().map(({ id, ip, port }) => ({
      _: "dcOption",
      static: true,
      id,
      ip_address: ip,
      port,
    })),
    dc_txt_domain_name: "",
    chat_size_max: 200,
    megagroup_size_max: 200_000,
    forwarded_count_max: 100,
    online_update_period_ms: 210_000,
    offline_blur_timeout_ms: 5000,
    offline_idle_timeout_ms: 30_000,
    online_cloud_timeout_ms: 300_000,
    notify_cloud_delay_ms: 30_000,
    notify_default_delay_ms: 1500,
    push_chat_period_ms: 60_000,
    push_chat_limit: 2,
    edit_time_limit: 172_800,
    revoke_time_limit: 2_147_483_647,
    revoke_pm_time_limit: 2_147_483_647,
    rating_e_decay: 2_419_200,
    call_receive_timeout_ms: 20_000,
    call_ring_timeout_ms: 90_000,
    call_connect_timeout_ms: 30_000,
    call_packet_timeout_ms: 10_000,
    me_url_prefix: "https://t.me/",
    caption_length_max: 1024,
    message_length_max: 4096,
    webfile_dc_id: dc,
  };
}

/** help.* methods; open to everybody. */
export const helpMethods: Record<string, Method> = {
  "help.getConfig": config,
  "help.getNearestDc": ({ dc }) => ({ _: "nearestDc", country: "XX", this_dc: dc, nearest_dc: dc }),
  "help.getAppConfig": () => ({
    _: "help.appConfig",
    hash: 0,
    config: { _: "jsonObject", value: [] },
  }),
};
