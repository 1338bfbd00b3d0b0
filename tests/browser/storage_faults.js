/* The browser's database fails at one kind of step (`window.faultsOf`: which, and how often), until `heal()`. */
(() => {
  const [MODE, RATE] = window.faultsOf;
  let on = true;
  try {
    on = sessionStorage.healed !== 'yes';
  } catch {}
  window.heal = () => {
    on = false;
    sessionStorage.healed = 'yes';
  };
  const hit = () => on && Math.random() < RATE;
  const wrap = (proto, name, make) => {
    const real = proto[name];
    proto[name] = make(real);
  };
  const isOurs = (db) => db?.name === 'claude-sse';
  const boom = (name) => new DOMException('a fault', name);
  if (MODE === 'open-fails')
    wrap(
      IDBFactory.prototype,
      'open',
      (real) =>
        function (...v) {
          if (v[0] !== 'claude-sse' || !hit()) return real.apply(this, v);
          const late = new EventTarget();
          late.error = boom('UnknownError');
          setTimeout(() => late.onerror?.({ target: late }));
          return late;
        },
    );
  if (MODE === 'open-throws')
    wrap(
      IDBFactory.prototype,
      'open',
      (real) =>
        function (...v) {
          if (v[0] === 'claude-sse' && hit()) throw boom('UnknownError');
          return real.apply(this, v);
        },
    );
  if (MODE === 'open-late')
    wrap(
      IDBFactory.prototype,
      'open',
      (real) =>
        function (...v) {
          if (v[0] !== 'claude-sse' || !hit()) return real.apply(this, v);
          const late = new EventTarget();
          setTimeout(() => {
            const opening = real.apply(this, v);
            for (const n of ['onsuccess', 'onerror', 'onupgradeneeded'])
              opening[n] = (e) => late[n]?.(e);
            for (const f of ['result', 'error', 'transaction'])
              Object.defineProperty(late, f, { get: () => opening[f] });
          }, Math.random() * 6000);
          return late;
        },
    );
  if (MODE === 'transaction-throws')
    wrap(
      IDBDatabase.prototype,
      'transaction',
      (real) =>
        function (...v) {
          if (isOurs(this) && hit()) throw boom('InvalidStateError');
          return real.apply(this, v);
        },
    );
  if (MODE === 'put-throws')
    wrap(
      IDBObjectStore.prototype,
      'put',
      (real) =>
        function (...v) {
          if (isOurs(this.transaction.db) && hit()) throw boom('DataError');
          return real.apply(this, v);
        },
    );
  if (MODE === 'put-fails')
    wrap(
      IDBObjectStore.prototype,
      'put',
      (real) =>
        function (...v) {
          if (isOurs(this.transaction.db) && hit()) throw boom('UnknownError');
          return real.apply(this, v);
        },
    );
  if (MODE === 'quota')
    wrap(
      IDBObjectStore.prototype,
      'put',
      (real) =>
        function (...v) {
          const request = real.apply(this, v);
          if (!isOurs(this.transaction.db) || !hit()) return request;
          const { transaction } = this;
          Object.defineProperty(transaction, 'error', { value: boom('QuotaExceededError') });
          try {
            transaction.abort();
          } catch {}
          return request;
        },
    );
  if (MODE === 'full')
    wrap(
      IDBObjectStore.prototype,
      'put',
      (real) =>
        function (...v) {
          const request = real.apply(this, v);
          if (!isOurs(this.transaction.db) || !on || JSON.stringify(v[0]).length < 560)
            return request;
          const { transaction } = this;
          Object.defineProperty(transaction, 'error', { value: boom('QuotaExceededError') });
          try {
            transaction.abort();
          } catch {}
          return request;
        },
    );
  if (MODE === 'abort')
    wrap(
      IDBTransaction.prototype,
      'commit',
      (real) =>
        function (...v) {
          if (isOurs(this.db) && hit()) return this.abort();
          return real.apply(this, v);
        },
    );
  if (MODE === 'read-throws')
    for (const proto of [IDBObjectStore.prototype, IDBIndex.prototype])
      for (const name of ['getAll', 'get', 'getAllKeys', 'count'])
        wrap(
          proto,
          name,
          (real) =>
            function (...v) {
              if (hit()) throw boom('UnknownError');
              return real.apply(this, v);
            },
        );
  const lateSetter = (proto, name, longest) => {
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
  if (MODE === 'complete-late') lateSetter(IDBTransaction.prototype, 'oncomplete', 4500);
  if (MODE === 'success-late') lateSetter(IDBRequest.prototype, 'onsuccess', 4500);
  if (MODE === 'newer')
    setInterval(async () => {
      if (!hit()) return;
      const ours = (await indexedDB.databases()).find(({ name }) => name === 'claude-sse');
      const opening = indexedDB.open('claude-sse', (ours?.version ?? 1) + 1);
      opening.onsuccess = () => opening.result.close();
    }, 500);
  if (MODE === 'closed') {
    const dbs = [];
    wrap(
      IDBFactory.prototype,
      'open',
      (real) =>
        function (...v) {
          const o = real.apply(this, v);
          if (v[0] === 'claude-sse') o.addEventListener('success', () => dbs.push(o.result));
          return o;
        },
    );
    setInterval(() => {
      if (hit()) dbs.forEach((db) => db.close());
    }, 150);
  }
})();
