INSERT INTO cfg_group(dbid,group_type,tenant_dbid,name,state) VALUES (503,6,101,'Places of Sales',1);
