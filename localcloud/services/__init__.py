"""One module an AWS service: what moto lacks, and what starts or stops servers."""
