-- From here on no statement reads a file, writes one, loads an extension or changes a setting.
SET enable_external_access = false;
SET lock_configuration = true;
