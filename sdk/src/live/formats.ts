/** The formats of a copy's database. Each adds to the one before, so that no write is lost and older versions can use it. */

type Migration = (database: IDBDatabase, transaction: IDBTransaction) => void;

/** The migration to each format, from format 1 on. One that was released never changes. */
export const migrations: readonly Migration[] = [
  (database) => {
    database.createObjectStore('entities', { keyPath: ['type', 'id'] });
    database.createObjectStore('outbox', { keyPath: 'n' });
    database.createObjectStore('state');
  },
];
