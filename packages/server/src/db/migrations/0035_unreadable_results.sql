-- What could not be read of a terminal's result, as the error of the TIMEOUT that the operation then ends with.
alter table operation_claims add column invalid_result jsonb;
