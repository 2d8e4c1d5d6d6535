/**
 * Opens the app without a network. It keeps the page of all screens, and the files of the build. It never keeps what the service
 * or Better Auth answer: the tasks are in the copy of @tasklane/sdk.
 */
importScripts('/precache.js');

const { version, files } = self.precache;
const cacheName = `tasklane app ${version}`;
const shell = '/';
const patienceMs = 1_500;

self.addEventListener('install', (event) => {
  const keep = async () => (await caches.open(cacheName)).addAll([shell, ...files]);
  event.waitUntil(keep());
});

self.addEventListener('activate', (event) => {
  const begin = async () => {
    for (const name of await caches.keys()) if (name !== cacheName) await caches.delete(name);
    await clients.claim();
  };
  event.waitUntil(begin());
});

/** The server's page, or the kept one if the server does not answer soon. */
async function answerPage(request) {
  const kept = await caches.match(shell, { cacheName });
  const asked = fetch(request);
  if (!kept) return asked;
  const late = new Promise((resolve) => setTimeout(resolve, patienceMs, kept));
  const answered = asked.then((response) => (response.status >= 500 ? kept : response)).catch(() => kept);
  return Promise.race([answered, late]);
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== location.origin || request.method !== 'GET') return;
  if (request.mode === 'navigate') {
    if (!/^\/(api|sign-)/.test(pathname)) event.respondWith(answerPage(request));
  } else if (pathname.startsWith('/_next/static/')) {
    event.respondWith(caches.match(request, { cacheName }).then((kept) => kept ?? fetch(request)));
  }
});
