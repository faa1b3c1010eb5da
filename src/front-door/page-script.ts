/**
 * What the pages do by themselves, without a library: ask the same address again for JSON; show the new page's content
 * when the facts changed; load the address anew once something else than the front door answers. The load balancer's
 * own 502, 503 and 504 in the moment of switching over do not count as an answer, unless they stay.
 */
export const SCRIPT = `
(() => {
  'use strict';
  const PATIENCE = 5;
  let digest = document.body.dataset.digest;
  let pause = Number(document.body.dataset.refresh) * 1000;
  let strangers = 0;
  const isOurs = (response) => response.headers.get('x-mayfly-front-door') === '1';
  const ask = (accept) => fetch(location.href, {
    headers: { accept, 'x-mayfly-poll': '1' }, cache: 'no-store', credentials: 'same-origin', redirect: 'manual',
  });
  const arrived = (response) => {
    if (isOurs(response)) { strangers = 0; return false; }
    strangers += 1;
    return ![502, 503, 504].includes(response.status) || strangers >= PATIENCE;
  };
  const show = async () => {
    const response = await ask('text/html');
    if (!isOurs(response)) return;
    // Its style is this page's already, and under another nonce.
    const text = (await response.text()).replace(/<style[^]*?<\\/style>/, '');
    const next = new DOMParser().parseFromString(text, 'text/html');
    const open = [...document.querySelectorAll('details')].map((one) => one.open);
    document.title = next.title;
    const icon = next.querySelector('link[rel=icon]');
    if (icon) document.querySelector('link[rel=icon]').replaceWith(icon);
    document.querySelector('main').replaceChildren(...next.querySelector('main').childNodes);
    document.querySelector('main').className = next.querySelector('main').className;
    document.querySelectorAll('details').forEach((one, index) => { one.open = open[index] ?? one.open; });
    document.querySelector('#said').textContent = next.querySelector('#said').textContent;
    scroll();
  };
  const look = async () => {
    try {
      const response = await ask('application/json');
      if (arrived(response)) { location.reload(); return; }
      if (isOurs(response)) {
        const facts = await response.json();
        pause = facts.retryAfterSeconds * 1000;
        if (facts.digest !== digest) { await show(); digest = facts.digest; }
      }
    } catch {
      // Offline, or the connection broke: the next look will tell.
    }
    later();
  };
  const later = () => setTimeout(() => document.hidden ? later() : look(), pause);
  const words = (ms) => {
    const s = Math.max(0, Math.floor(ms / 1000)), m = Math.floor(s / 60), h = Math.floor(m / 60);
    if (s < 60) return s + ' s';
    if (m < 60) return m + ' min ' + (s % 60) + ' s';
    return h < 24 ? h + ' h ' + (m % 60) + ' min' : Math.floor(h / 24) + ' d ' + (h % 24) + ' h';
  };
  const skew = Number(document.body.dataset.now) - Date.now();
  const tick = () => document.querySelectorAll('[data-since]').forEach((one) => {
    one.textContent = words(Date.now() + skew - Number(one.dataset.since));
  });
  const scroll = () => document.querySelectorAll('pre.tail').forEach((one) => { one.scrollTop = one.scrollHeight; });
  setInterval(tick, 1000);
  scroll();
  later();
})();
`;
