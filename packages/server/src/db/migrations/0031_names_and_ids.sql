-- Ids and names of callers are kept in normal form C, as requests are read now. Of two live stores whose ids would become
-- one, both stay as they are: their generated ids tell them apart.
update stores set store_id = normalize(store_id)
where store_id is not nfc normalized and (status = 'DELETED' or not exists (
  select from stores as twin
  where twin.account_id = stores.account_id and twin.id <> stores.id and twin.status <> 'DELETED'
    and normalize(twin.store_id) = normalize(stores.store_id)
));
update stores set store_name = normalize(store_name) where store_name is not nfc normalized;
update stores set organization = normalize(organization::text)::jsonb where organization::text is not nfc normalized;
update stores set address = normalize(address::text)::jsonb where address::text is not nfc normalized;
update accounts set name = normalize(name) where name is not nfc normalized;
update clients set name = normalize(name) where name is not nfc normalized;

-- What has the form of a generated id is the store's own: a path takes either id, and must not lead to another store. A store
-- that bears one nevertheless is called by its own id again. In two steps, as two stores may bear each other's.
update stores set store_id = 'renamed ' || id
where store_id <> id and starts_with(store_id, account_id || '-')
  and substr(store_id, length(account_id) + 2) ~ '^[0-9]{4,}$';
update stores set store_id = id where store_id = 'renamed ' || id;

alter table stores add constraint stores_store_id_of_another check (
  store_id = id or not (
    starts_with(store_id, account_id || '-') and substr(store_id, length(account_id) + 2) ~ '^[0-9]{4,}$'
  )
);
