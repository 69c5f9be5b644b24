-- The course's test as sysbench runs it: the same statements, without the pause.
function thread_init()
  drv = sysbench.sql.driver()
  con = drv:connect()
end

function event()
  con:query("BEGIN")
  con:query("SELECT * FROM users ORDER BY RAND() LIMIT 1")
  con:query(string.format(
    "INSERT INTO users (username, email) VALUES ('user_%d', 'user%d@example.com')",
    sysbench.rand.uniform(1000, 9999), sysbench.rand.uniform(0, 99)))
  con:query("COMMIT")
end

function thread_done()
  con:disconnect()
end
