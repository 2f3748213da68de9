DELETE FROM stored_incidents
WHERE state = 'resolved' AND updated_at < $before;
