CASE WHEN contains(structured, ' {name} ') THEN '"{key}":' || {name}
            WHEN NOT coalesce(contains(copied, '"{key}":'), FALSE) THEN '"{key}":' || to_json({name})::VARCHAR END