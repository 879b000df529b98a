-- CreateIndex
CREATE INDEX CONCURRENTLY "User_id_name_idx" ON "User"("id", "name");

-- CreateIndex
CREATE INDEX CONCURRENTLY "User_name_id_idx" ON "User"("name", "id");
