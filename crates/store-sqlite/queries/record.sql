-- The columns of a record; what follows says which records.
SELECT sandboxes.id, label, tenant, session, backend, version, mark, created_at, updated_at,
    sandboxes.format AS state_format, state, documents.format AS document_format, spec, sealed, annotations
