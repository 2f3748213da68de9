INSERT INTO stored_incidents BY NAME
SELECT * FROM incoming;
