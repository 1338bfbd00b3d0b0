/* The browser's database fails at one kind of step (`window.faultsOf`: which, and how often), until `heal()`. */
(() => {
  const [KIND, RATE] = window.faultsOf;
  const NAME = 'claude-sse';
  let on = true;
  try {
    on = sessionStorage.healed !== 'yes';
  } catch {}
  window.heal = () => {
    on = false;
    sessionStorage.healed = 'yes';
  };
  const hit = () => on && Math.random() < RATE;
  const isOurs = (db) => db?.name === NAME;
  const fault = (name) => new DOMException('a fault', name);
  const fail = (name) => {
    throw fault(name);
  };

  /** Have `act(real, self, given)` stand for a method, where `real()` does what it did. */
  const instead = (proto, name, act) => {
    const method = proto[name];
    proto[name] = function (...given) {
      return act(() => method.apply(this, given), this, given);
    };
  };
  /** `act(open)` opens our database. */
  const opening = (act) =>
    instead(IDBFactory.prototype, 'open', (open, _, [name]) =>
      name === NAME ? act(open) : open(),
    );
  /** `act(put, transaction, record)` puts a record into it. */
  const putting = (act) =>
    instead(IDBObjectStore.prototype, 'put', (put, { transaction }, [record]) =>
      isOurs(transaction.db) ? act(put, transaction, record) : put(),
    );

  /** A request to open that fails. */
  const failing = () => {
    const request = new EventTarget();
    request.error = fault('UnknownError');
    setTimeout(() => request.onerror?.({ target: request }));
    return request;
  };
  /** A request to open that begins late. */
  const late = (open) => {
    const request = new EventTarget();
    setTimeout(() => {
      const real = open();
      for (const n of ['onsuccess', 'onerror', 'onupgradeneeded']) real[n] = (e) => request[n]?.(e);
      for (const f of ['result', 'error', 'transaction'])
        Object.defineProperty(request, f, { get: () => real[f] });
    }, Math.random() * 6000);
    return request;
  };
  /** There is no room for what is put. */
  const overflow = (put, transaction) => {
    const request = put();
    Object.defineProperty(transaction, 'error', { value: fault('QuotaExceededError') });
    try {
      transaction.abort();
    } catch {}
    return request;
  };
  /** What is heard by this handler is heard late. */
  const delay = (proto, name, longest) => {
    const found = Object.getOwnPropertyDescriptor(proto, name);
    Object.defineProperty(proto, name, {
      ...found,
      set(handler) {
        const db = this.db ?? this.transaction?.db ?? this.source?.transaction?.db;
        if (!handler || (db && !isOurs(db))) return found.set.call(this, handler);
        found.set.call(this, (e) => {
          if (!hit()) return handler.call(this, e);
          setTimeout(() => handler.call(this, e), Math.random() * longest);
        });
      },
    });
  };

  const begin = {
    'open-fails': () => opening((open) => (hit() ? failing() : open())),
    'open-throws': () => opening((open) => (hit() ? fail('UnknownError') : open())),
    'open-late': () => opening((open) => (hit() ? late(open) : open())),
    'transaction-throws': () =>
      instead(IDBDatabase.prototype, 'transaction', (real, db) =>
        isOurs(db) && hit() ? fail('InvalidStateError') : real(),
      ),
    'put-throws': () => putting((put) => (hit() ? fail('DataError') : put())),
    'put-fails': () => putting((put) => (hit() ? fail('UnknownError') : put())),
    quota: () => putting((put, transaction) => (hit() ? overflow(put, transaction) : put())),
    full: () =>
      putting((put, transaction, record) =>
        on && JSON.stringify(record).length >= 560 ? overflow(put, transaction) : put(),
      ),
    abort: () =>
      instead(IDBTransaction.prototype, 'commit', (commit, transaction) =>
        isOurs(transaction.db) && hit() ? transaction.abort() : commit(),
      ),
    'read-throws': () => {
      for (const { prototype } of [IDBObjectStore, IDBIndex])
        for (const name of ['getAll', 'get', 'getAllKeys', 'count'])
          instead(prototype, name, (read) => (hit() ? fail('UnknownError') : read()));
    },
    'complete-late': () => delay(IDBTransaction.prototype, 'oncomplete', 4500),
    'success-late': () => delay(IDBRequest.prototype, 'onsuccess', 4500),
    newer: () =>
      setInterval(async () => {
        if (!hit()) return;
        const ours = (await indexedDB.databases()).find(isOurs);
        if (!ours) return; // it would be one without tables
        const newer = indexedDB.open(NAME, ours.version + 1);
        newer.onsuccess = () => newer.result.close();
      }, 500),
    closed: () => {
      const all = [];
      opening((open) => {
        const request = open();
        request.addEventListener('success', () => all.push(request.result));
        return request;
      });
      setInterval(() => hit() && all.forEach((db) => db.close()), 150);
    },
  };
  begin[KIND]();
})();
