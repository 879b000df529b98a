-- CreateIndex
CREATE UNIQUE INDEX "Article_slug_key" ON "Article"("slug");
